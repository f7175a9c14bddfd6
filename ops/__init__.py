"""
The `flotilla` command and its operations: collect -> decide (pure) -> render -> execute.
"""
