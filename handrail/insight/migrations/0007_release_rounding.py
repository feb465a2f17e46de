from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("insight", "0006_errands_and_previews")]

    operations = [
        migrations.AddField(
            model_name="release", name="rounding",
            field=models.SmallIntegerField(default=0, help_text="Numbers are rounded to the nearest of these; 0: not at all"),
        ),
    ]
