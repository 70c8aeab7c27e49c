INSERT INTO message (id, slot_key, purpose, agreement_id, assignment_id, recipient_name, recipient, subject, body, link_path, epoch,
                     message_id, written_at, head, urgent, state, held, next_try_at, attempts, reason, version)
  SELECT lower(hex(randomblob(16))), 'reminder:' || p.id, 'reminder_before', a.id, c.id, who.name, who.email, 'Svara senast',
         'Hej ' || who.name || '! ' || o.name || ' har ett område kvar att svara på. [personlig länk]', '/overenskommelser/' || a.id,
         c.epoch, '<' || lower(hex(randomblob(16))) || '@overens.invalid>', :now, '', 0, 'queued', 0, :now, 0, '', 1
  FROM agreement a
  JOIN agreement_party p ON p.agreement_id = a.id AND p.organisation_id != a.region_id
  JOIN organisation o ON o.id = p.organisation_id
  JOIN contact_assignment c ON c.organisation_id = p.organisation_id AND c.role = 'main'
  JOIN person who ON who.id = c.person_id
  WHERE a.look_on <= :today AND a.proposed_at IS NOT NULL AND a.state = 'negotiating';
INSERT INTO reminder (key, purpose, subject_id, agreement_id, assignment_id, round, number, outcome, planned_on, at, message_id)
  SELECT 'answer:' || m.slot_key, 'answer', p.id, m.agreement_id, m.assignment_id, 1, 1, 'queued', :today, :now, m.id
  FROM message m
  JOIN agreement_party p ON p.agreement_id = m.agreement_id AND 'reminder:' || p.id = m.slot_key
  WHERE m.written_at = :now;
UPDATE agreement SET look_on = date(due, '-3 days'), looked_on = :today
  WHERE look_on <= :today AND proposed_at IS NOT NULL AND state = 'negotiating'
