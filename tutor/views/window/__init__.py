"""The main window: docks, toolbar, menus, keys, messages, dialogs."""
