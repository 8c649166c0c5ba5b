"""Numbers, durations and moments in words; None is unknown and drawn as a dash, never as zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bscore_tui.views.styles import Options

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def count(value: int | None, options: Options) -> str:
    """`6,211`."""
    return options.glyphs.dash if value is None else f"{value:,}"


def figure(value: int | None, width: int, options: Options) -> str:
    """As `count`, in so many cells: without commas, then in thousands, millions, where it is too long."""
    text = count(value, options)
    if value is None or len(text) <= width:
        return text
    for scale, unit in ((1, ""), (1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")):
        text = f"{value // scale}{unit}"
        if len(text) <= width:
            break
    return text


def duration(seconds: float | None, options: Options) -> str:
    """`0.9 ms`, `11.6 s`, `1:12`, `1:02:07`, `2 d 03:10`."""
    if seconds is None:
        return options.glyphs.dash
    seconds = max(seconds, 0.0)
    if seconds < 0.9995:
        if 0 < seconds < 0.00005:
            return "<0.1 ms"
        return f"{seconds * 1000:.1f} ms" if seconds < 0.09995 else f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    return span(seconds)


def span(seconds: float | None) -> str:
    """Whole seconds: `0:18`, `41:33`, `1:02:07`, `2 d 03:10`."""
    if seconds is None:
        return "?"
    whole = max(int(seconds), 0)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24:02d}:{minute:02d}"
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def span_in(seconds: float | None, width: int) -> str:
    """As `span`, in so many cells: `1:02:07`, else `1h 02m`; `2 d 03:10`, else `2d 03h`, else `2 d`."""
    text = span(seconds)
    if seconds is None or len(text) <= width:
        return text
    minutes = int(seconds) // 60
    hours, days = minutes // 60, minutes // 1440
    shorter = [f"{hours}h {minutes % 60:02d}m", f"{hours}h{minutes % 60:02d}", f"{hours} h", f"{hours}h"]
    if days:
        shorter = [f"{days}d {hours % 24:02d}h", f"{days}d{hours % 24:02d}h", f"{days} d", f"{days}d"]
    return next((text for text in shorter if len(text) <= width), shorter[-1])


def nanoseconds(value: int | None, options: Options) -> str:
    """A duration in nanoseconds, as `duration` writes it."""
    return duration(None if value is None else value / 1e9, options)


def took(value: int | None, width: int, options: Options) -> str:
    """As `nanoseconds`, in so many cells."""
    text = nanoseconds(value, options)
    return text if value is None or len(text) <= width else span_in(value / 1e9, width)


def percent(part: float, whole: float) -> float | None:
    """How much of the whole, in tenths rounded down, so that 100 means all of it."""
    return None if whole <= 0 else int(part * 1000 / whole) / 10


def percent_text(value: float | None, options: Options, digits: int = 1) -> str:
    """`62.1 %`."""
    return f"{options.glyphs.dash} %" if value is None else f"{value:.{digits}f} %"


def rate(per_s: float | None, options: Options, unit: str = "") -> str:
    """`26.0 /s`, `2.3 /min` below 0.1 a second."""
    if per_s is None:
        return f"{options.glyphs.dash} {unit}/s"
    if 0 < per_s < 0.1:
        return f"{per_s * 60:.1f} {unit}/min"
    return f"{per_s:,.1f} {unit}/s" if per_s < 10_000 else f"{per_s:,.0f} {unit}/s"


def speed_text(speed: float) -> str:
    """`60x`, `0.25x`."""
    return f"{speed:g}x"


def memory(mb: float | None, options: Options) -> str:
    """`598 MB`, `6.8 GB`."""
    if mb is None:
        return options.glyphs.dash
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1024:.1f} GB"


def memory_of(mb: float | None, total_mb: float | None, options: Options) -> str:
    """`6.8/7.0 GB`."""
    if mb is None:
        return options.glyphs.dash
    if not total_mb:
        return memory(mb, options)
    digits = 1 if total_mb < 99.95 * 1024 else 0
    return f"{mb / 1024:.{digits}f}/{total_mb / 1024:.{digits}f} GB"


def moment(at: int, options: Options) -> datetime:
    """A moment in the zone of the options."""
    return _EPOCH + timedelta(microseconds=at, minutes=options.zone_minutes)


def clock(at: int | None, options: Options, digits: int = 0) -> str:
    """`02:41:37`, with tenths or milliseconds where asked."""
    if at is None or at <= 0:
        return options.glyphs.dash
    when = moment(at, options)
    text = f"{when:%H:%M:%S}"
    return text if not digits else f"{text}.{when.microsecond:06d}"[: 9 + digits]


def minute(at: int | None, options: Options) -> str:
    """`02:41`."""
    return options.glyphs.dash if at is None or at <= 0 else f"{moment(at, options):%H:%M}"


def day(at: int, now: int, options: Options) -> str:
    """`` for today, `yesterday`, `Sat`, `2026-04-11`."""
    when, today = moment(at, options).date(), moment(now, options).date()
    ago = (today - when).days
    if not ago:
        return ""
    if ago == 1:
        return "yesterday"
    return _DAYS[when.weekday()] if 0 < ago < 7 else when.isoformat()


def day_ahead(at: int, now: int, options: Options) -> str:
    """`` for less than a day ahead, `Sat`, `2026-04-11`."""
    days = (at - now) // 86_400_000_000
    if days < 1:
        return ""
    when = moment(at, options)
    return _DAYS[when.weekday()] if days < 6 else when.date().isoformat()


def plural(number: int, one: str, many: str = "") -> str:
    """`1 worker`, `2 workers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def batch_name(mini_batch: int) -> str:
    """How a mini-batch is named on screens."""
    return f"mini-batch {mini_batch:,}"
