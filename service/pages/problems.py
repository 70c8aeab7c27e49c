"""Refusals as pages: what is wrong, why, and what to do now."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.edge import Broken, ForeignForm, UnknownHost
from service.pages.rendering import NavLink, Paths, render, wants_fragment
from service.web import status_of
from states.errors import (
    AlreadyDone,
    Blocked,
    Invalid,
    NotAllowed,
    NotFound,
    NotYours,
    OverensError,
    SignInRequired,
    Stale,
    StoreUnavailable,
    TooLarge,
    TooMany,
)

_HEADINGS: dict[type[OverensError], tuple[str, str]] = {
    SignInRequired: ("Du är inte inloggad", "Logga in i en ny flik. Det du skrev finns kvar här."),
    ForeignForm: ("Formuläret kunde inte tas emot", "Öppna sidan igen härifrån och försök på nytt."),
    UnknownHost: ("Adressen är fel", "Använd den adress som står i mejlet du fick."),
    TooLarge: ("Filen är för stor", "Gå tillbaka och välj en mindre fil. Det du skrev finns kvar i webbläsaren."),
    Broken: ("Något gick fel hos oss", "Gå tillbaka och försök igen om en stund."),
    NotFound: ("Sidan finns inte", "Kontrollera adressen, eller gå till startsidan och leta dig fram därifrån."),
    NotYours: ("Du kan inte göra det här", "Fråga den som har uppdraget hos er, eller regionens strateg."),
    NotAllowed: ("Det går inte nu", "Ärendet har gått vidare. Läs om sidan för att se hur det står."),
    Blocked: ("Det går inte ännu", "Ordna det som saknas och försök igen."),
    Stale: ("Någon annan hann före", "Gå tillbaka, läs det nya och försök igen. Det du skrev finns kvar i webbläsaren."),
    Invalid: ("Något behöver rättas", "Gå tillbaka och rätta det du skrev."),
    TooMany: ("För många försök", "Vänta en kvart och försök igen."),
    StoreUnavailable: ("Vi kan inte spara just nu", "Gå tillbaka och försök igen om en stund. Det du skrev finns kvar."),
}


def problem_page(request: Request, error: OverensError) -> Response:
    """The page of a refusal; a visitor is sent to the sign-in, and a form that was sent twice to where it leads."""
    if isinstance(error, SignInRequired) and not wants_fragment(request):
        asked = urlencode({"nasta": request.url.path}) if request.method == "GET" else ""
        return RedirectResponse(f"{Paths(request)('sign_in')}?{asked}".rstrip("?"), 303)
    if isinstance(error, AlreadyDone):
        return RedirectResponse(request.headers.get("hx-current-url-path") or _back(request), 303)
    heading, advice = next(
        (_HEADINGS[kind] for kind in type(error).__mro__ if kind in _HEADINGS), ("Det gick inte", "Gå tillbaka och försök igen.")
    )
    reasons = list(error.reasons) if isinstance(error, Blocked) else []
    said = [f.message for f in error.fields] if isinstance(error, Invalid) else []
    return render(
        request,
        "problem.html",
        status=status_of(error),
        headers={"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None,
        heading=heading,
        message=" ".join(said) or (error.message if not reasons else "Det här behöver ordnas först."),
        reasons=reasons,
        advice=advice,
        back=NavLink("Till startsidan", "/"),
    )


def _back(request: Request) -> str:
    """The page a form belongs to: an agreement's page for anything under it, else the start."""
    parts = request.url.path.split("/")
    return "/".join(parts[:3]) if parts[1] in ("overenskommelser", "program") and len(parts) > 2 else "/"
