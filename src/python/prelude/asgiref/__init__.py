"""Between code that waits and code that does not. There is one thread here: both run in it."""
