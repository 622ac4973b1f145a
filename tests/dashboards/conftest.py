from program.finished import finished

__all__ = ["finished"]
