"""What the learning service reads from its environment."""

from typing import ClassVar

from chassis.settings import ServiceSettings


class LearningSettings(ServiceSettings):
    """Settings of learning's API and its worker; it needs nothing beside what every service does."""

    service: ClassVar[str] = "learning"
