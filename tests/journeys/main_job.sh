#!/usr/bin/env bash
# The main job by API, from a region's first day to a published agreement: read it from top to bottom to learn the API.
#
#   main_job.sh BASE_URL MAIL_FOLDER PLAN SCAN OUT
#
#   BASE_URL     where the service answers, for example http://127.0.0.1:8000
#   MAIL_FOLDER  where the mail that the service sends ends up, one .eml file a mail, the names in order of arrival
#   PLAN         the plan file (YAML) with the areas that are proposed, for example service/examples/dalarna.yaml
#   SCAN         a PDF: the municipality's signature on paper
#   OUT          an empty folder for what is downloaded
#
# From the environment: ELIN_PASSWORD, ELIN_SECRET, JOAR_PASSWORD, JOAR_SECRET. That is the password and the secret for one-time
# codes of two strategists, elin@region.example and joar@region.example; `overens user add` prints the secret. Gagnefs kommun
# (municipality code 2026) must be in the register: `overens organisation add`.
#
# What every call keeps to:
#   * The pages sign people in; their cookie is what the API knows people by. A change must say Origin: our own address.
#   * GET answers with an ETag. A change sends it back as If-Match, so that nobody overwrites what they have not seen:
#     without it 428, and 412 when something has moved, with both texts.
#   * Idempotency-Key makes a POST count once: the same key and body again give the same answer and nothing more happens.
#   * A refusal is application/problem+json: `code` for programs, `detail` for people, `fields`, `reasons` or `conflicts`.
#   * A list is {"items": […], "next": address or null}.
set -euo pipefail

base=${1%/} mail=$2 plan=$3 scan=$4 out=$5
api=$base/api/v1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ---- The tools of this script -------------------------------------------------------------------------------------------------

step() { printf '%s\n' "– $*"; }

# call PERSON METHOD PATH [more for curl]: asks as this person; the answer's body goes to $work/body, its head to $work/head.
call() {
  local person=$1 method=$2 path=$3
  shift 3
  curl --silent --show-error --fail-with-body --max-time 60 --request "$method" \
    --cookie "$work/$person.cookies" --cookie-jar "$work/$person.cookies" --header "Origin: $base" \
    --dump-header "$work/head" --output "$work/body" "$@" "$api/$path" ||
    { echo "$method $path as $person was refused:" >&2; cat "$work/body" >&2; exit 1; }
}

# post PERSON METHOD PATH JSON [ETAG]: a change, with a fresh Idempotency-Key and, where one is given, If-Match.
post() {
  local match=()
  [ $# -lt 5 ] || match=(--header "If-Match: $5")
  call "$1" "$2" "$3" --header 'Content-Type: application/json' --data-binary "$4" \
    --header "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" "${match[@]}"
}

# etag: of the latest answer. tag_of PERSON PATH: of what stands at a path now.
etag() { sed -n 's/^[Ee][Tt][Aa][Gg]: *\([^\r]*\).*/\1/p' "$work/head"; }
tag_of() { call "$1" GET "$2"; etag; }

# pick WORDS [VALUES]: what a line of Python says about the latest answer, which it knows as `it`; VALUES are `a[0]`, `a[1]` …
pick() {
  python3 -c 'import json, sys
it, a = json.load(open(sys.argv[1])), sys.argv[3:]
print(eval(sys.argv[2]))' "$work/body" "$@"
}

# mailed ADDRESS PATTERN: what the first group of a pattern finds in the newest mail to somebody; waits until it has come.
mailed() {
  python3 - "$mail" "$@" <<'PYTHON'
import re, sys, time
from email import message_from_bytes, policy
from pathlib import Path

folder, address, pattern = sys.argv[1:]
for _ in range(200):
    for file in sorted(Path(folder).glob("*.eml"), reverse=True):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        found = re.search(pattern, mail.get_body(("plain",)).get_content(), re.MULTILINE)
        if address in str(mail["To"]) and found:
            print(found[1])
            sys.exit()
    time.sleep(0.1)
sys.exit(f"no mail to {address} says {pattern}")
PYTHON
}

# ---- Coming in ----------------------------------------------------------------------------------------------------------------

# With password and one-time code: the form of the page /logga-in. The secrets come from files, not as arguments others could see.
sign_in() {
  local person=$1 email=$2 password=$3 secret=$4 code
  code=$(SECRET=$secret python3 -c 'import base64, hmac, os, struct, time
key = base64.b32decode(os.environ["SECRET"])
said = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
start = said[-1] & 15
number = struct.unpack(">I", said[start:start + 4])[0] & 0x7FFFFFFF
print(f"{number % 10**6:06}")')
  curl --silent --show-error --fail --output /dev/null --cookie-jar "$work/$person.cookies" --header "Origin: $base" \
    --data-urlencode "email=$email" --data-urlencode "password@"<(printf %s "$password") \
    --data-urlencode "totp@"<(printf %s "$code") "$base/logga-in"
}

# With the mailed link: GET only shows whom it is for (mail scanners come here too), POST spends it and sets the cookie.
open_link() {
  local person=$1 link
  link=$(mailed "$2" "($base/k/\S+)")
  curl --silent --show-error --fail --output "$work/body" "$link"
  curl --silent --show-error --fail --output /dev/null --cookie-jar "$work/$person.cookies" --header "Origin: $base" \
    --request POST "$link"
}

# ---- 1. The region's strategist brings in the plan and proposes it to Gagnef ------------------------------------------------------

step "Elin signs in"
sign_in elin elin@region.example "$ELIN_PASSWORD" "$ELIN_SECRET"

step "The plan becomes a programme"
call elin POST programmes/plan-files --form "plan=@$plan" --header "Idempotency-Key: the plan of $(basename "$plan")"
programme=$(pick 'it["id"]')

step "Olle becomes Gagnef's contact"
call elin GET 'organisations?code=2026'
gagnef=$(pick 'it["items"][0]["id"]')
post elin POST contacts "{\"organisation\": \"$gagnef\", \"name\": \"Olle Ekman\", \"email\": \"olle@gagnef.example\", \"role\": \"main\"}"

step "A draft is made for Gagnef, and sent"
post elin POST "programmes/$programme/proposals" "{\"municipalities\": [\"$gagnef\"]}"
id=$(pick 'it["created"][0]')
due=$(date -d '+60 days' +%F)
post elin POST "agreements/$id/proposal" "{\"due\": \"$due\"}" "$(tag_of elin "agreements/$id")"
call elin GET "agreements/$id"
region_party=$(pick 'next(p["id"] for p in it["parties"] if p["kind"] == "region")')
gagnef_party=$(pick 'next(p["id"] for p in it["parties"] if p["kind"] != "region")')
region=$(pick 'next(p["organisation"] for p in it["parties"] if p["kind"] == "region")')

# ---- 2. The municipality answers: drafts that only its own side sees, sent as one batch ---------------------------------------------

step "Olle opens the link in his mail"
open_link olle olle@gagnef.example

# answer PERSON POSITION JSON-WORDS…: saves one draft answer on top of the response as it was last seen, and keeps its new ETag.
# A response's ETag also changes when the other side sends a new text for something that is answered in it.
answer() {
  local person=$1 position=$2 kind=$3 words=${4-}
  call "$person" GET "agreements/$id/clauses?limit=100"
  clause=$(pick 'it["items"][int(a[0]) - 1]["id"]' "$position")
  said=$(pick 'json.dumps({
    "accept": lambda c: {"answer": "accept", "version": c["head"]["id"]},
    "exclude": lambda c: {"answer": "exclude", "version": c["head"]["id"], "reason": a[2]},
    "counter": lambda c: {"answer": "counter", "version": c["head"]["id"], "title": c["head"]["title"],
                          "fields": {**c["head"]["fields"], "w": a[2]}},
  }[a[1]](it["items"][int(a[0]) - 1]))' "$position" "$kind" "$words")
  post "$person" PUT "responses/$response/answers/$clause" "$said" "$tag"
  tag=$(etag)
}

# begin PERSON: the response that is not sent yet. send PERSON: all its answers at once; mail goes to the other side.
begin() { post "$1" POST "agreements/$id/responses" '{}'; response=$(pick 'it["id"]') tag=$(etag); }
send() { post "$1" POST "responses/$response/sending" '{}' "$(tag_of "$1" "responses/$response")"; }

step "He accepts six areas, rewords the seventh, leaves the eighth out, adds one, and sends"
begin olle
for position in 1 2 3 4 5 6; do answer olle "$position" accept; done
answer olle 7 counter 'Gagnef och regionen ska göra det enklare att spela in film i hela kommunen, även i fjällnära byar.'
answer olle 8 exclude 'Kommunen har redan ett eget avtal med folkhögskolan.'
post olle POST "agreements/$id/clauses" \
  '{"title": "Spelmansstämmor och folkmusik", "fields": {"w": "Kommunen vill att barn får lära sig spela låtar från bygden."}}'
send olle

step "Elin accepts the rewording and widens Gagnef's own area"
begin elin
answer elin 7 accept
answer elin 9 counter 'Kommunen och regionen vill att alla barn får pröva att spela låtar från bygden.'
send elin

step "Olle accepts it; now everything is settled and the text is frozen"
begin olle
answer olle 9 accept
send olle
call elin GET "agreements/$id"
[ "$(pick 'it["state"]')" = agreed ] || { echo 'not everything is settled' >&2; exit 1; }
code=$(pick 'it["control_code"]')
echo "control_code $code"

# ---- 3. The decision: who decides, who signs, and what the board said about the text with this control code -------------------------

step "Olle says how Gagnef decides"
today=$(date +%F)
post olle POST "agreements/$id/decision-steps" \
  "{\"party\": \"$gagnef_party\", \"kind\": \"resolution\", \"body\": \"Kulturnämnden\", \"meeting_on\": \"$today\"}" \
  "$(tag_of olle "agreements/$id")"
decision=$(pick 'it["id"]')

# signatory PERSON ORGANISATION PARTY NAME EMAIL TITLE: names who signs for a party; people are invited as contacts with that role.
signatory() {
  post "$1" POST contacts "{\"organisation\": \"$2\", \"name\": \"$4\", \"email\": \"$5\", \"role\": \"signatory\", \"title\": \"$6\"}"
  local assignment
  assignment=$(pick 'it["id"]')
  post "$1" PUT "agreements/$id/signature-slots" \
    "{\"party\": \"$3\", \"slots\": [{\"assignment\": \"$assignment\", \"title\": \"$6\"}]}" "$(tag_of "$1" "agreements/$id")"
  slot=$(pick 'it["items"][0]["id"]')
}

step "Both sides say who signs"
signatory olle "$gagnef" "$gagnef_party" 'Britta Lund' britta@gagnef.example 'kulturnämndens ordförande'
brittas=$slot
signatory elin "$region" "$region_party" 'Torun Hällgren' torun@region.example 'kultur- och bildningschef'
toruns=$slot

step "Elin asks for the decision, Olle records it: the signing opens by itself"
post elin POST "agreements/$id/decision-request" '{}' "$(tag_of elin "agreements/$id")"
call olle GET "agreements/$id/decision-steps"
version=$(pick 'next(s["version"] for s in it["items"] if s["id"] == a[0])' "$decision")
post olle POST "decision-steps/$decision/outcome" \
  "{\"outcome\": \"approved\", \"control_code\": \"$code\", \"decided_on\": \"$today\", \"paragraph\": \"§ 47\"}" "\"$version\""

step "The Word file of the frozen text"
call olle GET "agreements/$id/word-file"
cp "$work/body" "$out/frozen.docx"
echo "word_file $out/frozen.docx"

# ---- 4. The signatures: one by code, one on paper -----------------------------------------------------------------------------------

step "Torun signs with a fresh code from her mail"
open_link torun torun@region.example
post torun POST step-ups "{\"purpose\": \"sign\", \"subject\": \"$toruns\"}"
mailed_code=$(mailed torun@region.example '^\s*([A-Z0-9]{4} ?[A-Z0-9]{4})\s*$')
post torun POST "agreements/$id/signatures" "{\"slot\": \"$toruns\", \"control_code\": \"$code\", \"code\": \"$mailed_code\"}"

step "Elin hands in what Britta signed on paper"
call elin POST "signature-slots/$brittas/papers" --header "Idempotency-Key: paper $brittas" \
  --form "control_code=$code" --form "signed_on=$today" --form "scan=@$scan;type=application/pdf"
signature=$(pick 'it["id"]')

step "Joar, a second person at the region, has compared the paper with the text"
sign_in joar joar@region.example "$JOAR_PASSWORD" "$JOAR_SECRET"
post joar POST "signatures/$signature/verification" '{"holds": true}'
[ "$(pick 'it["state"]')" = signed ] || { echo 'not everybody has signed' >&2; exit 1; }

# ---- 5. Publishing ------------------------------------------------------------------------------------------------------------------

step "Elin publishes as soon as the signed file has been made"
for _ in $(seq 100); do
  call elin GET "agreements/$id/documents"
  file=$(pick 'next((d["file_sha256"] for d in it["items"] if d["kind"] == "signed"), "")')
  [ -z "$file" ] || break
  sleep 0.1
done
post elin PUT "agreements/$id/publication" '{}' "$(tag_of elin "agreements/$id")"

step "A visitor without a cookie finds it, with its file"
curl --silent --show-error --fail --output "$work/body" "$api/publications?limit=100"
page=$(pick 'next(p["page"] for p in it["items"] if p["file_sha256"] == a[0])' "$file")
public=$(pick 'next(p["file"] for p in it["items"] if p["file_sha256"] == a[0])' "$file")
curl --silent --show-error --fail --output "$out/page.html" "$base$page"
curl --silent --show-error --fail --output "$out/signed.docx" "$base$public"
echo "$file  $out/signed.docx" | sha256sum --check --quiet
echo "public_page $base$page"
echo "public_file $out/signed.docx"
