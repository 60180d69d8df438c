"""Not here."""

raise ModuleNotFoundError("No module named 'ssl' in hallpass: scripts have no network", name="ssl")
