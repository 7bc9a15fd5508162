"""Refusals of the identity slice."""

from chassis.errors import BadRequest, Conflict, Forbidden, Problem, Unauthenticated


class EmailTaken(Conflict):
    code = "email_taken"
    title = "There is an account with this e-mail address"


class InvalidCredentials(Unauthenticated):
    code = "invalid_credentials"
    title = "The e-mail address or the password is wrong"


class WrongPassword(Forbidden):
    code = "wrong_password"
    title = "The current password is wrong"


class InvalidToken(BadRequest):
    code = "invalid_token"
    title = "This link is not valid, was used, or has expired"


class OidcNotConfigured(Problem):
    status = 404
    code = "oidc_not_configured"
    title = "No external issuer is configured"


class EmailNotVerified(Forbidden):
    code = "email_not_verified"
    title = "The issuer has not verified this e-mail address"
