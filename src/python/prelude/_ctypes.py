"""Not here."""

raise ModuleNotFoundError("No module named 'ctypes' in hallpass: scripts call no libraries of the system", name="ctypes")
