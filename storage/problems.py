from typing import Literal
ProblemKind = Literal["failing", "unread", "late", "volume", "layout", "offline"]
