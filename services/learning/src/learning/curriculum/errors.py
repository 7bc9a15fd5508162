"""What can be wrong with a name in the curriculum.

    NotFound
     ├─ ProgramNotFound
     ├─ CourseNotFound
     ├─ WeekNotFound
     ├─ LessonNotFound
     └─ AssignmentNotFound
    Conflict
     ├─ CourseSlugTaken
     └─ CompletedContentLost

Each not-found answers 404 with the code ``not_found``.
"""

from chassis.errors import Conflict, NotFound


class ProgramNotFound(NotFound):
    title = "There is no such program"


class CourseNotFound(NotFound):
    title = "There is no such course"


class WeekNotFound(NotFound):
    title = "The program has no such week"


class LessonNotFound(NotFound):
    title = "The course has no such lesson"


class AssignmentNotFound(NotFound):
    title = "The week has no such assignment"


class CourseSlugTaken(Conflict):
    code = "course_slug_taken"
    title = "Another program has a course of that slug"


class CompletedContentLost(Conflict):
    code = "completed_content_lost"
    title = "Students have completed what the new document leaves out"
