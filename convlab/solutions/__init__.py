"""The reference solutions: one module per chapter, one function per exercise, NumPy only.

Each is pasted alone into a chapter under `import numpy as np`, so it may call nothing else from here.
"""
