"""The Python side of Trivium: runs steps of pipelines in forked children. Standard library only; user code imports nothing of it."""
