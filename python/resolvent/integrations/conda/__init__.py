"""resolvent as a plugin of conda: `conda install --solver=resolvent`; see docs/conda.md.

================ ==================================================================================================
module           duty
================ ==================================================================================================
`plugin`         what conda loads: the hooks; imports nothing else until conda asks for it
`solver`         the class that conda calls
`reading`        conda's objects as plain data
`translation`    the request, as plain data, in this library's words; imports no conda
`channels`       conda's cached repodata as an index
`records`        records of conda, in and out
`words`          a conflict for conda's users; imports no conda
`pasted`         fixes as `conda` commands; imports no conda
`errors`         errors of conda that carry the words
`commands`       `conda resolvent why | why-not | fixes | outdated`
`health`         the check of `conda doctor`
================ ==================================================================================================
"""
