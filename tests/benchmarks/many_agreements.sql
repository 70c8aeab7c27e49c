-- A region, :towns municipalities with a contact each, and a hundred programmes in which each of them has been offered an
-- agreement of one area. The first programme is due on :due, so its reminder of 14 days before is due this morning.
INSERT INTO organisation (id, kind, name, short_name, org_no, registry_email, case_prefix)
  VALUES (printf('%032x', 1), 'region', 'Region Norr', 'Region Norr', '', '', 'RN');
INSERT INTO person (id, name, email, phone) VALUES (printf('%032x', 1), 'Elin Ek', 'elin@region.example', '');
INSERT INTO contact_assignment (id, person_id, organisation_id, role, title, authority, blocked, bounced, epoch, version)
  VALUES (printf('%032x', 1), printf('%032x', 1), printf('%032x', 1), 'strategist', '', '', 0, 0, 1, 1);

CREATE TEMP TABLE town (n INTEGER PRIMARY KEY, id TEXT);
INSERT INTO town
  WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :towns)
  SELECT n, printf('%08x%024x', 1, n) FROM counted;
INSERT INTO organisation (id, kind, name, short_name, org_no, registry_email, case_prefix)
  SELECT id, 'municipality', 'Kommun ' || n, 'Kommun ' || n, '', '', '' FROM town;
INSERT INTO person (id, name, email, phone) SELECT id, 'Kontakt ' || n, 'kontakt.' || n || '@kommun.example', '' FROM town;
INSERT INTO contact_assignment (id, person_id, organisation_id, role, title, authority, blocked, bounced, epoch, version)
  SELECT id, id, id, 'main', '', '', 0, 0, 1, 1 FROM town;

CREATE TEMP TABLE plan (n INTEGER PRIMARY KEY, id TEXT, due TEXT);
INSERT INTO plan
  WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 100)
  SELECT n, printf('%08x%024x', 2, n), CASE n WHEN 1 THEN :due ELSE :later END FROM counted;
INSERT INTO programme (id, region_id, slug, name, period_from, period_to, due, due_firm, themes, quiet_periods, policy, template,
                       created_at, version)
  SELECT id, printf('%032x', 1), 'plan-' || n, 'Plan ' || n, '2028-01-01', '2031-12-31', due, 1, '[]', '[]', '{}', '{}',
         :proposed, 1 FROM plan;

CREATE TEMP TABLE offer (n INTEGER PRIMARY KEY, id TEXT, town TEXT, plan TEXT, due TEXT);
INSERT INTO offer
  SELECT (plan.n - 1) * :towns + town.n, printf('%08x%024x', 3, (plan.n - 1) * :towns + town.n), town.id, plan.id, plan.due
  FROM plan, town;
INSERT INTO agreement (id, programme_id, region_id, party_key, title, period_from, period_to, state, due, due_firm, due_round,
                       policy, ended_reason, created_at, proposed_at, waiting_since, look_on, looked_on, version)
  SELECT id, plan, printf('%032x', 1), town, 'Överenskommelse ' || n, '2028-01-01', '2031-12-31', 'negotiating', due, 1, 1,
         '{}', '', :proposed, :proposed, :proposed, date(due, '-14 days'), date(:proposed), 2 FROM offer;
INSERT INTO agreement_party (id, agreement_id, organisation_id, position, case_number)
  SELECT printf('%08x%024x', 4, n), id, printf('%032x', 1), 1, '' FROM offer
  UNION ALL SELECT printf('%08x%024x', 5, n), id, town, 2, '' FROM offer;
INSERT INTO clause (id, agreement_id, origin_party_id, position, area_withdrawn)
  SELECT printf('%08x%024x', 6, n), id, printf('%08x%024x', 4, n), 1, 0 FROM offer;
INSERT INTO clause_version (id, clause_id, seq, base_seq, title, fields, reason, party_id, sha256, at)
  SELECT printf('%08x%024x', 7, n), printf('%08x%024x', 6, n), 1, 0, 'Bibliotek', '{}', '', printf('%08x%024x', 4, n), '',
         :proposed FROM offer;
ANALYZE;
