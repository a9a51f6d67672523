"""convlab: convolution learned by building it.

Importing this package is cheap: neither torch nor nbgrader is loaded until something needs it.
"""

__version__ = "0.1.0"
