"""What the learning service reads from its environment."""

from typing import ClassVar

from chassis.settings import BaseUrl, ServiceSettings


class LearningSettings(ServiceSettings):
    """Settings of learning's API and its worker."""

    service: ClassVar[str] = "learning"

    #: Who is asked whether they know of our completions.
    certificates_url: BaseUrl = "http://127.0.0.1:8104"
