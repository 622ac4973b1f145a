from program.finished import finished, kept_open

__all__ = ["finished", "kept_open"]
