"""The order in which test modules run."""


def pytest_collection_modifyitems(items):
    """Put the modules that take minutes first: at the end, one process would be busy with the last of them alone."""
    slow = {item.path for item in items if item.get_closest_marker("more")}
    items.sort(key=lambda item: item.path not in slow)
