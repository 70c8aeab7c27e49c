"""Real-looking Swedish facts for the Word tests: eight areas, two or three parties, one or three signatories."""

from datetime import UTC, date, datetime
from uuid import NAMESPACE_DNS, uuid5

from states.facts import AgreementFacts, ClauseFacts, PartyFacts, SectionFacts, SignatoryFacts

MODIFIED = datetime(2027, 9, 20, 6, 0, tzinfo=UTC)

REGION = PartyFacts("o-region", "region", "Region Dalarna", "232100-0180", "RD27-0112", "region.dalarna@example.org")
GAGNEF = PartyFacts("o-gagnef", "municipality", "Gagnefs kommun", "212000-2155", "KUN 2027:66", "kommun@gagnef.example.org")
FALU = PartyFacts("o-falu", "municipality", "Falu kommun", "212000-2239", "", "kommun@falun.example.org")

HEAD = SignatoryFacts(REGION.name, "Kultur- och bildningschef", "Delegationsordning punkt 4.2", "Karin Ståhl")
CHAIR = SignatoryFacts(GAGNEF.name, "Kulturnämndens ordförande", "Kulturnämndens beslut 2027-10-13, § 48")
THREE = (
    SignatoryFacts(GAGNEF.name, "Kommunstyrelsens ordförande", "Kommunstyrelsens beslut 2027-11-09, § 112", "Irena Nordström"),
    SignatoryFacts(GAGNEF.name, "Kommundirektör", ""),
    CHAIR,
)

_AREAS = (
    (
        "Scenkonst för barn och unga",
        "Regionen och kommunen ska tillsammans utveckla elevernas möjlighet att möta professionell scenkonst under skoltid.\n"
        "Särskilt viktiga är skolor långt från tätorten, där resan annars tar halva dagen och priset hindrar.",
        "Varje elev ska möta minst en professionell föreställning per läsår.\nMinst en av tre föreställningar spelas på "
        "elevens egen skola.",
        "Länsteatern och länsmusiken erbjuder föreställningar och betalar resor för ensemblen.",
        "Kommunen utser ett kulturombud på varje skola och ordnar lokal.",
        "Antal elever och föreställningar redovisas i mars varje år.",
    ),
    (
        "Bibliotek och läsning",
        "Regionen och kommunen ska arbeta för att fler barn får läsa och bli lästa för, både hemma och i skolan.",
        "Alla familjer med nyfödda barn får en gåvobok.",
        "Länsbiblioteket handleder personalen och samordnar inköp.",
        "Folkbiblioteket samarbetar med barnhälsovården om gåvoboken.",
        "Gemensam genomgång på bibliotekschefernas möte i november.",
    ),
    (
        "Kulturskola över kommungränsen",
        "Kommunen vill undersöka om elever kan få plats i en grannkommuns kulturskola när ämnet inte finns i den egna kommunen.",
        "Minst två ämnen öppnas för elever från en annan kommun.",
        "Regionen ger stöd med kostnadsberäkning och förslag till avtal.",
        "Kommunen utser en person som håller i kontakten med grannkommunen.",
        "Läget redovisas vid vårens kulturdialog.",
    ),
    (
        "Konstnärers villkor",
        "Regionen och kommunen ska betala ersättning enligt gällande avtal när konstnärer ställer ut hos oss.",
        "Alla utställningar i offentlig regi ersätts enligt avtal senast 2029.",
        "Regionen ger råd till arrangörer och kan ge stöd till små utställare.",
        "Kommunen budgeterar ersättningen i sina egna konsthallar.",
        "Utbetald ersättning redovisas i mars varje år.",
    ),
    (
        "Kultur och hälsa",
        "Regionen och kommunen ska pröva hur kulturaktiviteter kan bidra till att äldre mår bättre och känner sig mindre "
        "ensamma.",
        "",
        "Regionen samordnar ett nätverk och svarar för utbildning.",
        "Kommunen utser ett kulturombud i äldreomsorgen.",
        "Enkät till kulturombuden varje höst.",
    ),
    (
        "Kulturarv & arkiv",
        "Länsmuseet, arkiven och kommunen ska göra det lättare för föreningar att ta hand om och visa sin historia.",
        "Varje kommun har en gemensam plan för sina lokala arkiv senast 2029.",
        "Länsmuseet håller en kurs om året.",
        "Kommunen erbjuder en lokal eller ett digitalt förvar.",
        "Genomgång vartannat år.",
    ),
    (
        "Film och kreativa näringar",
        "Regionen och kommunen ska göra det enklare att spela in film och driva kreativa företag i kommunen.",
        "En väg in: den som vill spela in film får svar inom fem arbetsdagar.",
        "Regionens filmkonsulent lotsar produktioner till kommunerna.",
        "Kommunen utser en kontaktperson för tillstånd och platser.",
        "Antal inspelningsdagar redovisas varje år.",
    ),
    (
        "Folkbildning och folkhögskola",
        "Folkhögskolan, studieförbunden och kommunen ska planera kurser som behövs där människor bor.",
        "Minst en gemensamt planerad kurs per år.",
        "Folkhögskolan ställer lärare och lokaler till förfogande.",
        "Kommunen bidrar med kunskap om behoven, till exempel genom arbetsmarknadsenheten.",
        "Kursutbud och deltagare redovisas i juni.",
    ),
)

_BEFORE = (
    SectionFacts(
        "Parter",
        "Parter i överenskommelsen är Region Dalarna, organisationsnummer 232100-0180, nedan kallad regionen, och Gagnefs "
        "kommun, "
        "organisationsnummer 212000-2155, nedan kallad kommunen.",
    ),
    SectionFacts(
        "Bakgrund och syfte",
        "Regionen fördelar statens bidrag till regional kulturverksamhet i länet utifrån en flerårig plan. Planen tas fram "
        "och genomförs "
        "tillsammans med länets kommuner. Den här överenskommelsen visar vad regionen och kommunen tycker är viktigast att "
        "göra tillsammans "
        "under perioden.",
    ),
    SectionFacts(
        "Giltighetstid",
        "Överenskommelsen gäller från den dag då alla parter har skrivit under, dock tidigast 1 januari 2027, till och med 31 "
        "december 2030.",
    ),
    SectionFacts(
        "Utgångspunkter",
        "Samverkan bygger på frivillighet, ömsesidig respekt och principen om armlängds avstånd.\n\nÖverenskommelsen medför "
        "inga ekonomiska "
        "förpliktelser utöver vad parterna själva beslutar i sina budgetar, om inget annat anges i ett område.",
    ),
)
_AFTER = (
    SectionFacts(
        "Samarbetsformer och kontaktpersoner",
        "Parterna möts minst en gång om året. Kontakt tas genom parternas officiella adresser. Den som byter kontaktperson "
        "meddelar den andra "
        "parten.",
    ),
    SectionFacts(
        "Uppföljning",
        "Parterna följer upp överenskommelsen varje år senast i mars. Resultatet ingår i regionens redovisning till Statens "
        "kulturråd.",
    ),
    SectionFacts(
        "Ändringar, förlängning och upphörande",
        "Ändringar och tillägg görs skriftligt och undertecknas av alla parter. Parterna kan förlänga överenskommelsen med "
        "högst ett år i "
        "taget. Vardera parten kan säga upp den med sex månaders varsel.",
    ),
    SectionFacts(
        "Offentlighet och personuppgifter",
        "Överenskommelsen är en allmän handling och läggs ut på regionens webbplats. Personuppgifter i den begränsas till "
        "undertecknare.",
    ),
    SectionFacts("Underskrifter", "Överenskommelsen upprättas i ett exemplar per part eller som ett elektroniskt original."),
)


def clause(number: int) -> ClauseFacts:
    """Area `number`, counted from 1; after the eighth the texts begin anew under new ids."""
    title, *fields = _AREAS[(number - 1) % len(_AREAS)]
    made = uuid5(NAMESPACE_DNS, f"area-{number}.example.org")
    return ClauseFacts(str(made), number, f"v-{number}", 2, title, dict(zip("wgrkf", fields, strict=True)))


def agreement(areas: int = 8, parties: tuple[PartyFacts, ...] = (REGION, GAGNEF)) -> AgreementFacts:
    return AgreementFacts(
        reference="RD27-0112",
        revision=3,
        title="Överenskommelse om samverkan inom kultur och bildning 2027–2030",
        parties=parties,
        valid_from=date(2027, 1, 1),
        valid_to=date(2030, 12, 31),
        before=_BEFORE,
        clauses=tuple(clause(number) for number in range(1, areas + 1)),
        after=_AFTER,
        history_head="ab" * 32,
    )
