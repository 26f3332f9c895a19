"""``base`` is shared; ``dev``, ``test`` and ``prod`` are chosen by DJANGO_SETTINGS_MODULE."""
