"""Not here."""

raise ModuleNotFoundError("No module named 'sqlite3' in hallpass: there is no SQL here; the models (User.objects, Token.objects) read and write the store", name="sqlite3")
