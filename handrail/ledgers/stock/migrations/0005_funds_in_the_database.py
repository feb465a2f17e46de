"""The database repeats what the door asks: no lot comes into being on a fund that forbids it on that day (`domain/funding.md` 4)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION stock_leg_keeps_to_funds() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $body$
DECLARE wrong record;
BEGIN
  -- Only the owner rebuilds and restores: what was decided under the rules of its time stays, and a later rule flags it.
  IF current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  SELECT l.code AS lot, f.code AS fund INTO wrong
  FROM fresh g
  JOIN stock_location p ON p.key = g.location_id AND p.kind IN ('supplier', 'assembly')
  JOIN stock_lot l ON l.key = g.lot_id
  JOIN stock_item i ON i.key = l.item_id
  JOIN stock_fund f ON f.key = l.fund_id
  LEFT JOIN facts_fact t ON t.organisation_id = g.organisation_id AND t.id = g.fact
  LEFT JOIN facts_site s ON s.key = g.site_id
  CROSS JOIN LATERAL (SELECT (g.at AT TIME ZONE coalesce(s.time_zone, 'UTC'))::date AS day) d
  -- A leg out of the supplier, or of a kit out of assembly, brings the lot in; undoing one has the other sign.
  WHERE g.quantity < 0 AND (p.kind = 'supplier' OR (
      t.kind IS DISTINCT FROM 'stock.disassembled'
      AND EXISTS (SELECT 1 FROM stock_kitcomponent k WHERE k.organisation_id = l.organisation_id AND k.kit_id = i.key)))
    AND (d.day < f.valid_from OR d.day >= f.valid_to OR EXISTS (
      SELECT 1 FROM stock_fundrestriction r
      WHERE r.organisation_id = l.organisation_id AND r.fund_id = f.key AND r.valid_from <= d.day AND (r.valid_to IS NULL OR r.valid_to > d.day)
        AND (r.effect <> 'requires_approval' OR coalesce(t.payload ->> 'approval', '') = '')
        AND (r.item_class = i.item_class OR r.item_code = i.code OR EXISTS (
          SELECT 1 FROM stock_kitcomponent k JOIN stock_item c ON c.key = k.component_id
          WHERE k.organisation_id = l.organisation_id AND k.kit_id = i.key AND (r.item_class = c.item_class OR r.item_code = c.code)))))
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'lot % may not stand on the fund %', wrong.lot, wrong.fund USING ERRCODE = 'check_violation', CONSTRAINT = 'leg_keeps_to_funds';
  END IF;
  RETURN NULL;
END
$body$;
CREATE TRIGGER leg_keeps_to_funds AFTER INSERT ON stock_leg REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION stock_leg_keeps_to_funds();
"""
DROP = "DROP TRIGGER leg_keeps_to_funds ON stock_leg; DROP FUNCTION stock_leg_keeps_to_funds();"


class Migration(migrations.Migration):

    dependencies = [
        ('facts', '0003_people_codes_consent'),
        ('stock', '0004_when_a_leg_moved'),
    ]

    operations = [
        migrations.RunSQL(CREATE, DROP),
    ]
