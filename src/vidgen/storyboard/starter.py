"""The storyboard that ``vidgen new`` writes."""

from __future__ import annotations

import json

_ENGLISH = """\
# A storyboard. See what it would make: vidgen plan {file}   Make it: vidgen render {file}
vidgen: 1
title: {title}
language: en
aspect: 16:9            # or 9:16, 1:1, 2.39:1
resolution: 720p        # 360p to 2160p, 4k, or 1920x1080
fps: 24
style: cinematic, soft film grain

# What every shot has unless it says otherwise. engine: auto draws with previz until you name an engine.
defaults:
  duration: 4           # seconds, or 96f; scenes over 5 s are split into shots of 3 to 5 s
  candidates: 1         # takes a shot; the best is picked, and you can overrule: vidgen pick
  motion: {{type: natural, amount: 4}}
  transition: {{type: dissolve, duration: 0.5}}

shots:
  - id: s01
    scene: calm mountain lake at dawn, mist over the water
    camera: dolly_in    # vidgen schema lists every move
    transition: {{type: fade_black, duration: 1}}
    text: [{{text: {title}, in: 1, out: 3.5, role: title}}]
  - id: s02
    scene: pine forest in the morning light
    camera: truck_right
    motion: {{type: natural, detail: leaves stirring in the wind}}
  - id: s03
    scene: open sea at golden hour, low sun on the horizon
    camera: {{move: crane_up, speed: slow}}
  - id: s04
    scene: night sky over distant mountains, full moon
    camera: tilt_up
"""

_JAPANESE = """\
# 絵コンテ。確認: vidgen plan {file}   書き出し: vidgen render {file}
vidgen: 1
title: {title}
language: ja
aspect: 16:9            # 9:16, 1:1, 2.39:1 など
resolution: 720p        # 360p から 2160p、4k、1920x1080
fps: 24
style: cinematic, soft film grain

# 各ショットの初期値。engine を書かないうちは previz が描きます。
defaults:
  duration: 4           # 秒、または 96f。5 秒を超えるシーンは 3〜5 秒のショットに分かれます
  candidates: 1         # ショットごとの候補数。選び直しは vidgen pick
  motion: {{type: 自然, amount: 4}}
  transition: {{type: ディゾルブ, duration: 0.5}}

shots:
  - id: s01
    scene: 夜明けの静かな湖、水面の霧
    camera: ドリーイン
    transition: {{type: fade_black, duration: 1}}
    text: [{{text: {title}, in: 1, out: 3.5, role: title}}]
  - id: s02
    scene: 朝の光の森
    camera: 横移動右
    motion: {{type: 自然, detail: 風にそよぐ葉}}
  - id: s03
    scene: 夕日の海、水平線の低い太陽
    camera: {{move: クレーンアップ, speed: ゆっくり}}
  - id: s04
    scene: 山並みの上の夜空と満月
    camera: ティルトアップ
"""


def starter_text(language: str, title: str, file: str = "film.yaml") -> str:
    """A commented four-shot storyboard, ``en`` or ``ja``, that loads, lints clean and renders."""
    text = _JAPANESE if language == "ja" else _ENGLISH
    return text.format(title=json.dumps(title, ensure_ascii=False), file=file)
