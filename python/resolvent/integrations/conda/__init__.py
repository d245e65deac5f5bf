"""resolvent as a plugin of conda: `conda install --solver=resolvent`; see docs/conda.md.

What conda loads, the hooks and the class that it calls, is the package `resolvent_conda`; here is what they do.

================ ==================================================================================================
module           duty
================ ==================================================================================================
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
