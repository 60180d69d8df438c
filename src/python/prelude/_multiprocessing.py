"""Not here."""

raise ModuleNotFoundError("No module named 'multiprocessing' in hallpass: scripts start no processes; concurrent.futures.ThreadPoolExecutor runs functions here", name="multiprocessing")
