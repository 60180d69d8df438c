"""Not here."""

raise ModuleNotFoundError("No module named 'subprocess' in hallpass: scripts start no processes; run hallpass from them instead", name="subprocess")
