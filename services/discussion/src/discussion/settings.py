"""Discussion's settings."""

from typing import ClassVar

from chassis.settings import ServiceSettings


class DiscussionSettings(ServiceSettings):
    """What the processes of discussion read: nothing beside what every service does."""

    service: ClassVar[str] = "discussion"
