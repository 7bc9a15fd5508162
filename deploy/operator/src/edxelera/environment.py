"""The environment of every process: built from addresses and credentials, kept in one file, handed out by need.

``.env.example`` in the repository explains each key. Standard library only, because the launcher imports it before
every process.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from edxelera.units import UNITS, Process

MEDIA_BUCKET = "edxelera-media"
CERTIFICATES_BUCKET = "edxelera-certificates"
#: The stand-in for S3 does not look at the region, but a signature needs one.
REGION = "us-east-1"


@dataclass(frozen=True)
class Addresses:
    """Where everything is: as the browser sees it, and as the processes see each other."""

    public_url: str
    sandbox_public_url: str
    s3_public_url: str
    sandbox_url: str
    s3_url: str
    units: Mapping[str, str]
    mysql: str
    redis: str
    redis_cache: str


def local_addresses(ports: Mapping[str, int]) -> Addresses:
    """Everything on this machine."""

    def at(name: str, scheme: str = "http://") -> str:
        return f"{scheme}127.0.0.1:{ports[name]}"

    return Addresses(
        public_url=at("gateway-api"),
        sandbox_public_url=at("sandbox"),
        s3_public_url=at("s3"),
        sandbox_url=at("sandbox"),
        s3_url=at("s3"),
        units={unit: at(f"{unit}-api") for unit in UNITS},
        mysql=at("mariadb", ""),
        redis=at("redis", ""),
        redis_cache=at("redis-cache", ""),
    )


def database_name(unit: str) -> str:
    """The unit's schema."""
    return f"edxelera_{unit}"


def runtime_user(unit: str) -> str:
    """Reads and writes rows."""
    return f"edx_{unit}"


def migrator_user(unit: str) -> str:
    """Changes the schema."""
    return f"edx_{unit}_migrator"


def _database_url(addresses: Addresses, unit: str, user: str, password: str) -> str:
    return f"mysql+pymysql://{user}:{quote(password, safe='')}@{addresses.mysql}/{database_name(unit)}?charset=utf8mb4"


def build(
    addresses: Addresses, secret: Mapping[str, str], folder: Path, sandbox_data: Path, mail_file: Path
) -> dict[str, str]:
    """The whole environment; ``folder`` holds the key files (see ``credentials``)."""
    env = {
        "EDX_ENV": "development",
        "EDX_LOG_LEVEL": "INFO",
        "EDX_LOG_FORMAT": "json",
        "EDX_REDIS_URL": f"redis://:{quote(secret['redis'])}@{addresses.redis}/0",
        "EDX_CACHE_REDIS_URL": f"redis://:{quote(secret['redis'])}@{addresses.redis_cache}/0",
        "EDX_PUBLIC_URL": addresses.public_url,
        "EDX_TOKEN_ISSUER": addresses.public_url,
        "EDX_TOKEN_AUDIENCE": "edxelera",
        "EDX_JWKS_URL": f"{addresses.units['gateway']}/.well-known/jwks.json",
        "EDX_SERVICE_TOKEN_SECRETS": secret["service_token"],
        "EDX_METRICS_TOKEN": secret["metrics_token"],
        "EDX_GATEWAY_SIGNING_KEY_PATH": str(folder / "gateway-signing-key.pem"),
        "EDX_CREDENTIAL_SIGNING_KEY_PATH": str(folder / "credential-signing-key.pem"),
        "EDX_MAIL_FILE": str(mail_file),
        # trying things out from one address must not be stopped by the limits that protect a public one
        "EDX_LIMIT_REGISTER": "600/hour",
        "EDX_LIMIT_LOGIN_ADDRESS": "300/minute",
        "EDX_CORS_ORIGINS": "http://localhost:3000,http://127.0.0.1:3000",
        "EDX_S3_ENDPOINT_URL": addresses.s3_url,
        "EDX_S3_PUBLIC_ENDPOINT_URL": addresses.s3_public_url,
        "EDX_S3_REGION": REGION,
        "EDX_S3_ACCESS_KEY_ID": secret["s3_access_key_id"],
        "EDX_S3_SECRET_ACCESS_KEY": secret["s3_secret_access_key"],
        "EDX_MEDIA_BUCKET": MEDIA_BUCKET,
        "EDX_CERTIFICATES_BUCKET": CERTIFICATES_BUCKET,
        "EDX_CDN_BASE_URL": f"{addresses.sandbox_public_url}/cdn",
        "EDX_CDN_KEY_PAIR_ID": secret["cdn_key_pair_id"],
        "EDX_CDN_PRIVATE_KEY_PATH": str(folder / "cdn-private-key.pem"),
        "EDX_PAYSTACK_BASE_URL": f"{addresses.sandbox_url}/paystack",
        "EDX_PAYSTACK_SECRET_KEYS": secret["paystack"],
        "EDX_PAYSTACK_DOMAIN": "test",
    }
    for unit in UNITS:
        name, runtime, migrator = unit.upper(), runtime_user(unit), migrator_user(unit)
        env[f"EDX_{name}_URL"] = addresses.units[unit]
        env[f"EDX_{name}_DATABASE_URL"] = _database_url(addresses, unit, runtime, secret[f"database_{unit}"])
        env[f"EDX_{name}_MIGRATION_DATABASE_URL"] = _database_url(
            addresses, unit, migrator, secret[f"database_{unit}_migrator"]
        )
    return env | {
        **_sandbox(addresses, secret, folder),
        "SANDBOX_DATA_DIR": str(sandbox_data),
        "SANDBOX_MAIL_FILE": str(mail_file),
    }


def _sandbox(addresses: Addresses, secret: Mapping[str, str], folder: Path) -> dict[str, str]:
    return {
        "SANDBOX_PUBLIC_URL": addresses.sandbox_public_url,
        "SANDBOX_PAYSTACK_SECRET_KEY": secret["paystack"],
        "SANDBOX_WEBHOOK_URL": f"{addresses.units['gateway']}/webhooks/paystack",
        "SANDBOX_CDN_PUBLIC_KEYS_DIR": str(folder / "cdn-public-keys"),
        "SANDBOX_S3_ENDPOINT_URL": addresses.s3_url,
        "SANDBOX_S3_REGION": REGION,
        "SANDBOX_S3_ACCESS_KEY_ID": secret["s3_access_key_id"],
        "SANDBOX_S3_SECRET_ACCESS_KEY": secret["s3_secret_access_key"],
        "SANDBOX_S3_BUCKET": MEDIA_BUCKET,
    }


#: Keys that only some units get; every other ``EDX_`` key goes to all of them.
_ONLY_FOR = {
    "EDX_GATEWAY_SIGNING_KEY_PATH": ("gateway",),
    "EDX_CREDENTIAL_SIGNING_KEY_PATH": ("certificates",),
    "EDX_METRICS_TOKEN": ("gateway",),
    "EDX_SMTP_URL": ("gateway",),
    "EDX_CDN_PRIVATE_KEY_PATH": ("media",),
    "EDX_PAYSTACK_SECRET_KEYS": ("enrollment",),
    "EDX_S3_ACCESS_KEY_ID": ("media", "certificates", "s3"),
    "EDX_S3_SECRET_ACCESS_KEY": ("media", "certificates", "s3"),
    **{f"EDX_{unit.upper()}_DATABASE_URL": (unit,) for unit in UNITS},
    **{f"EDX_{unit.upper()}_MIGRATION_DATABASE_URL": () for unit in UNITS},
}


def for_process(env: Mapping[str, str], process: Process) -> dict[str, str]:
    """What this process needs: no other unit's database, no key that it does not use."""

    def wanted(key: str) -> bool:
        if process.kind == "sandbox" or key.startswith("SANDBOX_"):
            return process.kind == "sandbox" and key.startswith("SANDBOX_")
        return key not in _ONLY_FOR or process.unit in _ONLY_FOR[key]

    return {key: value for key, value in env.items() if wanted(key)}


def parse(lines: Iterable[str]) -> dict[str, str]:
    """``KEY=value`` lines; blank lines and lines that begin with ``#`` are left out, outer quotes removed."""
    env = {}
    for line in lines:
        key, separator, value = line.strip().partition("=")
        if separator and not key.startswith("#"):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            env[key.strip()] = value
    return env


def read(path: Path) -> dict[str, str]:
    """A file of ``KEY=value`` lines; empty when there is none."""
    return parse(path.read_text().splitlines()) if path.exists() else {}


def render(env: Mapping[str, str]) -> str:
    """The file's content; raises ``ValueError`` for a value that one line cannot hold."""
    for key, value in env.items():
        if "\n" in value or value != value.strip():
            raise ValueError(f"{key} cannot be written to an environment file")
    return "".join(f"{key}={value}\n" for key, value in sorted(env.items()))
