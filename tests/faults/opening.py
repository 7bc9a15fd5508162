"""``python -m tests.faults.opening up``: the operator's command, with settings that give thousands of students room."""

from edxelera import installation
from edxelera.main import app

#: Many from one address, their passwords not worth a core's time, and no log line for each event.
ROOM = {
    "EDX_LOG_LEVEL": "WARNING",
    "EDX_PASSWORD_HASH_MEMORY_KIB": "8",
    "EDX_PASSWORD_HASH_TIME_COST": "1",
    "EDX_LIMIT_DEFAULT": "100000/minute",
    "EDX_LIMIT_REGISTER": "1000000/hour",
    "EDX_LIMIT_LOGIN_ACCOUNT": "1000000/minute",
    "EDX_LIMIT_LOGIN_ADDRESS": "1000000/minute",
}

if __name__ == "__main__":
    compose = installation.compose_environment
    installation.compose_environment = lambda *given: compose(*given) | ROOM
    app()
