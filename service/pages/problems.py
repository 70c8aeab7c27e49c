"""Refusals as pages: what is wrong, why, and what to do now."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.edge import Broken, ForeignForm, UnknownHost
from service.pages.rendering import NavLink, Paths, render, see_other, wants_fragment
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
from states.said import _, joined

_HEADINGS: dict[type[OverensError], tuple[str, str]] = {
    SignInRequired: (_("Du är inte inloggad"), _("Logga in i en ny flik. Det du skrev finns kvar här.")),
    ForeignForm: (_("Formuläret kunde inte tas emot"), _("Öppna sidan igen härifrån och försök på nytt.")),
    UnknownHost: (_("Adressen är fel"), _("Använd den adress som står i mejlet du fick.")),
    TooLarge: (_("Filen är för stor"), _("Gå tillbaka och välj en mindre fil. Det du skrev finns kvar i webbläsaren.")),
    Broken: (_("Något gick fel hos oss"), _("Gå tillbaka och försök igen om en stund.")),
    NotFound: (_("Sidan finns inte"), _("Kontrollera adressen, eller gå till startsidan och leta dig fram därifrån.")),
    NotYours: (_("Du kan inte göra det här"), _("Fråga den som har uppdraget hos er, eller regionens strateg.")),
    NotAllowed: (_("Det går inte nu"), _("Ärendet har gått vidare. Läs om sidan för att se hur det står.")),
    Blocked: (_("Det går inte ännu"), _("Ordna det som saknas och försök igen.")),
    Stale: (_("Någon annan hann före"), _("Gå tillbaka, läs det nya och försök igen. Det du skrev finns kvar i webbläsaren.")),
    Invalid: (_("Något behöver rättas"), _("Gå tillbaka och rätta det du skrev.")),
    TooMany: (_("För många försök"), _("Vänta en kvart och försök igen.")),
    StoreUnavailable: (_("Vi kan inte spara just nu"), _("Gå tillbaka och försök igen om en stund. Det du skrev finns kvar.")),
}


def problem_page(request: Request, error: OverensError) -> Response:
    """The page of a refusal; a visitor is sent to the sign-in, and a form that was sent twice to where it leads."""
    if isinstance(error, SignInRequired) and not wants_fragment(request):
        asked = urlencode({"nasta": request.url.path}) if request.method == "GET" else ""
        return RedirectResponse(f"{Paths(request)('sign_in')}?{asked}".rstrip("?"), 303)
    if isinstance(error, AlreadyDone):
        return see_other(request, _back(request))
    heading, advice = next(
        (_HEADINGS[kind] for kind in type(error).__mro__ if kind in _HEADINGS),
        (_("Det gick inte"), _("Gå tillbaka och försök igen.")),
    )
    reasons = list(error.reasons) if isinstance(error, Blocked) else []
    said = [f.message for f in error.fields] if isinstance(error, Invalid) else []
    return render(
        request,
        "problem.html",
        status=status_of(error),
        headers={"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None,
        heading=heading,
        message=joined(" ", said) or (error.message if not reasons else _("Det här behöver ordnas först.")),
        reasons=reasons,
        advice=advice,
        back=_way_back(request),
    )


def _way_back(request: Request) -> NavLink:
    """After a refused form, the page it belongs to; anywhere else the start."""
    back = _back(request) if request.method == "POST" else "/"
    if back.startswith("/overenskommelser/"):
        return NavLink(_("Till överenskommelsen"), back)
    return NavLink(_("Till planen") if back != "/" else _("Till startsidan"), back)


def _back(request: Request) -> str:
    """The page a form belongs to: an agreement's page for anything under it, else the start."""
    parts = request.url.path.split("/")
    return "/".join(parts[:3]) if parts[1] in ("overenskommelser", "program") and len(parts) > 2 else "/"
