"""The commands: `restore` and `restorecli`, which are the same.

app.py is the table of contents. Commands only call the library; what they print goes through output.py.
"""
