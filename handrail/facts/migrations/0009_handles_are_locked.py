"""What people like to be called lies locked."""

from django.db import migrations, models

from handrail.kernel import keyring


def lock(apps, schema_editor):
    """Lock the words of every organisation; each is seen only inside its own scope."""
    handles = apps.get_model("facts", "Handle")
    for key in apps.get_model("facts", "Organisation").objects.values_list("key", flat=True):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.organisations', %s, true)", ["{%d}" % key])
        for row in handles._base_manager.filter(organisation_id=key):
            row.locked = keyring.lock(f"hr/handle/v1|{key}", row.word.encode(), name="handle")
            row.save(update_fields=["locked"])


class Migration(migrations.Migration):
    dependencies = [("facts", "0007_facts_outside_visits")]

    operations = [
        migrations.AddField("handle", "locked", models.BinaryField(null=True)),
        migrations.RunPython(lock, migrations.RunPython.noop),
        migrations.AlterField("handle", "locked", models.BinaryField(help_text="The word, locked with a key of the ring for codes (`handle_words`)")),
        migrations.RemoveField("handle", "word"),
    ]
