"""Speech: lines of dialogue and narration are spoken, each once for its content, and kept.

``casting`` decides who says a line with which voice, ``voices`` fills what was spoken into the shots of a plan, ``saying``
makes what is missing. An engine is one class (``speaker.Speaker``) under the entry-point group ``vidgen.speakers``.
"""
