"""Whether a viewer's request is admitted: CloudFront's verification from end to end."""

from collections.abc import Mapping

from sandbox.cdn import policy
from sandbox.cdn.grants import decode, read_grant, split_query
from sandbox.cdn.keys import TrustedKeys, require_signature


def admit(
    keys: TrustedKeys, *, base_url: str, raw_query: str, cookies: Mapping[str, str], address: str, now: float
) -> None:
    """Deny the request unless a trusted key signed a policy that covers it.

    ``base_url`` is the URL as the viewer sees it, without its query; ``now`` is epoch seconds.
    """
    reserved, own_query = split_query(raw_query)
    grant = read_grant(reserved, cookies)
    url = f"{base_url}?{own_query}" if own_query else base_url
    key = keys.get(grant.key_pair_id)
    text = decode(grant.policy) if grant.policy is not None else policy.canned(url, grant.expires or "")
    require_signature(key, decode(grant.signature), text, grant.hash_algorithm)
    parsed = policy.parse(text)
    if grant.policy is None:
        # A canned policy is for this one URL: characters in it are no wildcards.
        parsed = policy.Policy(resource="*", before=parsed.before)
    parsed.require(url=url, address=address, now=now)
