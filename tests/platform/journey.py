"""The way through the seed program that the journey's tests walk."""

from tests.platform.school import SEEDED

#: Letters of one code point each: for a letter of several the PDF says ``ActualText``, which pypdf does not read.
NAME = "Adébáyọ Ọlásúnkànmí O’Neill-Núñez"
COURSE = "thinking-with-data"
LESSONS = [
    "welcome",
    "a-question-you-can-answer",
    "kinds-of-data",
    "a-first-look",
    "sketch-the-answer",
    "further-reading",
]
PLAYBACK = f"/v1/programs/{SEEDED}/courses/{COURSE}/lessons/welcome/playback"
