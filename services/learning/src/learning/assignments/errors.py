"""What can be wrong with a submission.

Conflict
 └─ AlreadyGraded
NotFound
 └─ SubmissionNotFound
"""

from chassis.errors import Conflict, NotFound


class AlreadyGraded(Conflict):
    code = "already_graded"
    title = "This assignment has been graded"


class SubmissionNotFound(NotFound):
    title = "There is no such submission"
