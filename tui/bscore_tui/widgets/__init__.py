"""What draws lines and takes keys: by `render_line`, so that only what changed is repainted."""
