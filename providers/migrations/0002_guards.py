"""Row-level security of the supply side, what may be deleted there, and what PostgreSQL refuses by itself."""

from django.db import migrations

from concierge.tenancy import ProtectTenant, allow_delete

# What was sent is never changed, a signature stays (R33).
AGREEMENT_SEAL = """
CREATE FUNCTION providers_keep_agreement_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    alive text[] := ARRAY['status', 'valid_to', 'decline_comment'];
BEGIN
    IF OLD.seal = '' THEN
        RETURN NEW;
    END IF;
    IF NEW.status = 'draft' OR to_jsonb(NEW) - alive IS DISTINCT FROM to_jsonb(OLD) - alive
        OR NEW.valid_to IS DISTINCT FROM OLD.valid_to AND (NEW.valid_to IS NULL OR NEW.valid_to > OLD.valid_to) THEN
        RAISE EXCEPTION 'UPDATE on %: an agreement that was sent is never changed, another one follows it',
            TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreement_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION providers_keep_sent_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seal <> '' THEN
        RAISE EXCEPTION 'DELETE on %: an agreement that was sent stays', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreement_is_sealed';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION providers_keep_signatures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An account may go; the name stays.
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id' THEN
        RETURN NEW;
    END IF;
    IF TG_OP <> 'INSERT'
        OR (SELECT status FROM providers_serviceagreement WHERE id = NEW.agreement_id) IS DISTINCT FROM 'sent' THEN
        RAISE EXCEPTION '% on %: what was sent is signed, and a signature stays', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'agreement_is_sealed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER agreement_seal BEFORE UPDATE ON providers_serviceagreement
    FOR EACH ROW EXECUTE FUNCTION providers_keep_agreement_seal();
CREATE TRIGGER agreement_stays BEFORE DELETE ON providers_serviceagreement
    FOR EACH ROW EXECUTE FUNCTION providers_keep_sent_agreement();
CREATE TRIGGER agreement_signature_stays BEFORE INSERT OR UPDATE OR DELETE ON providers_agreementsignature
    FOR EACH ROW EXECUTE FUNCTION providers_keep_signatures();
"""
NO_AGREEMENT_SEAL = """
DROP TRIGGER agreement_seal ON providers_serviceagreement;
DROP TRIGGER agreement_stays ON providers_serviceagreement;
DROP TRIGGER agreement_signature_stays ON providers_agreementsignature;
DROP FUNCTION providers_keep_agreement_seal();
DROP FUNCTION providers_keep_sent_agreement();
DROP FUNCTION providers_keep_signatures();
"""

# A file that was never handed in may go, and no other.
PROVIDER_STAYS = """
CREATE FUNCTION providers_only_unfinished_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'concierge_app' AND NOT OLD.is_to_check THEN
        RAISE EXCEPTION 'A provider with whom the team works is never deleted.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER provider_stays BEFORE DELETE ON providers_provider
    FOR EACH ROW EXECUTE FUNCTION providers_only_unfinished_go();
"""

# An index that finds the nearest eligible providers (ADR 18), made and read by PostgreSQL only. Degrees of longitude are
# shorter than those of latitude: 0.68 is right at 47° north, elsewhere the order is a little off, the distances that
# count are computed exactly.
REACH = """
ALTER TABLE providers_providerreach
    ADD COLUMN spot point GENERATED ALWAYS AS (point(longitude::float8 * 0.68, latitude::float8)) STORED,
    ADD COLUMN closed datemultirange NOT NULL DEFAULT '{}';
CREATE INDEX reach_nearest ON providers_providerreach USING gist (organisation_id, service_id, spot)
    WHERE is_active AND latitude IS NOT NULL;
"""
NO_REACH = "ALTER TABLE providers_providerreach DROP COLUMN spot, DROP COLUMN closed"


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_initial"), ("bookings", "0002_guards")]

    operations = [
        ProtectTenant(
            "Provider",
            "ProviderHours",
            "ProviderDocument",
            "ServiceAgreement",
            "ProviderMember",
            "OfferPolicy",
            "OfferRound",
            "OfferWave",
            "Offer",
            "ConsideredProvider",
            "AccessLink",
            "PriceRequest",
            "PriceLink",
            "ProviderClosure",
            "AgreementSignature",
            "MatchingPolicy",
            "ProviderFeed",
            "OfferContact",
            "ProviderReach",
            "InboundSms",
            "CounterOffer",
            "StoredFile",
            "ChannelState",
            "AssignmentRun",
            "ProposedAssignment",
            "OfferPause",
            "AgreementLink",
            "ShareAlarm",
            "ProviderInvitation",
            "InvitationLink",
            "ProviderArea",
            "ProviderCapacity",
            "ProviderSite",
            "ProviderBankAccount",
            "ProviderWay",
        ),
        # What a business sets anew.
        allow_delete(
            "providers_providerhours",
            "providers_providerclosure",
            "providers_providerarea",
            "providers_providercapacity",
            "providers_providersite",
            "providers_providerway",
            "providers_providerfeed",
            "providers_providerbankaccount",
        ),
        # What was noted by mistake; a service may follow the general rules again.
        allow_delete(
            "providers_providerdocument",
            "providers_offerpolicy",
        ),
        # The nightly purge, and files that were never handed in.
        allow_delete(
            "providers_storedfile",
            "providers_inboundsms",
            "providers_proposedassignment",
            "providers_assignmentrun",
            "providers_providerinvitation",
            "providers_invitationlink",
            "providers_provider",
        ),
        migrations.RunSQL(AGREEMENT_SEAL, NO_AGREEMENT_SEAL),
        migrations.RunSQL(PROVIDER_STAYS, "DROP FUNCTION providers_only_unfinished_go() CASCADE"),
        migrations.RunSQL(REACH, NO_REACH),
    ]
