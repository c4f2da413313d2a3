"""People, animals and vehicles as a storyboard artist's marker draws them: flat shapes, few tones, an ink line, moving."""
