"""One file per screen: which view is drawn, what its keys do; the stage holds what is around them."""
