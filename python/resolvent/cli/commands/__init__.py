"""The commands, each with its arguments and what it does.

A module has an `add` that declares its arguments; `.run` of these takes the parsed ones and returns an exit code.
`cli` reads the words of the line and handles errors.
"""
