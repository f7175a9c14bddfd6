"""
The figures that Flotilla holds, each measured as a ratio in one run or as seconds of a whole command.
"""
