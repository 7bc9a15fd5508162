"""How far somebody has come on the seed program, and the worlds that the contract's tests walk through."""

import pytest
from tests.platform.callers import Json, Student
from tests.platform.installation import Platform
from tests.platform.journey import COURSE, LESSONS, NAME
from tests.platform.school import SEEDED, School
from tests.platform.world import World


@pytest.fixture(scope="session")
def member(platform: Platform, school: School) -> Student:
    """Registered, paid, inside."""
    student = platform.student(NAME)
    student.enroll(SEEDED)
    return student


@pytest.fixture(scope="session")
def graduate(platform: Platform, school: School) -> Student:
    """Has handed in the assignment and completed every lesson of the first course."""
    student = platform.student(NAME)
    student.enroll(SEEDED)
    student.hand_in(SEEDED, 1, "question-brief")
    for lesson in LESSONS:
        student.complete(COURSE, lesson)
    return student


@pytest.fixture(scope="session")
def certificate(graduate: Student) -> Json:
    """The graduate's, with its document."""
    return graduate.certificate(program=SEEDED, course=COURSE)


@pytest.fixture(scope="session")
def world(platform: Platform, school: School) -> World:
    """One of everything that a call needs."""
    return World(platform, school)


@pytest.fixture(scope="session")
def rough_world(platform: Platform, school: School) -> World:
    """Another one, for tests that may break what is in it."""
    return World(platform, school)
