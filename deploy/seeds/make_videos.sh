#!/usr/bin/env bash
# Draws the seed's short videos again: a title card over a moving gradient, with a quiet tone.
# H.264 + AAC in MP4 with the moov atom first, so that playback starts before the download ends.
set -euo pipefail
cd "$(dirname "$0")/practical-data-analysis/videos"
FONT=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf}

# draw NAME COLOUR_A COLOUR_B TONE_HZ TITLE SUBTITLE
draw() {
    local name=$1 a=$2 b=$3 tone=$4 title=$5 subtitle=$6
    ffmpeg -nostdin -loglevel error -y \
        -f lavfi -i "gradients=size=640x360:rate=24:duration=8:speed=0.02:seed=7:nb_colors=2:c0=$a:c1=$b" \
        -f lavfi -i "sine=frequency=$tone:sample_rate=44100:duration=8" \
        -filter_complex "[0:v]drawbox=x=0:y=ih-6:w=iw:h=6:color=white@0.25:t=fill,
            drawtext=fontfile=$FONT:text='$title':fontcolor=white:fontsize=34:x=(w-text_w)/2:y=140+4*sin(2*PI*t/4),
            drawtext=fontfile=$FONT:text='$subtitle':fontcolor=white@0.85:fontsize=19:x=(w-text_w)/2:y=200,
            drawtext=fontfile=$FONT:text='Practical Data Analysis':fontcolor=white@0.6:fontsize=15:x=24:y=h-36[v];
            [1:a]volume=0.06,afade=t=in:d=0.5,afade=t=out:st=7:d=1[a]" \
        -map "[v]" -map "[a]" -c:v libx264 -preset veryslow -crf 30 -pix_fmt yuv420p -profile:v main \
        -c:a aac -b:a 48k -ac 1 -map_metadata -1 -fflags +bitexact -movflags +faststart "$name.mp4"
}

draw welcome            0x0b3d5c 0x1f8a70 262 "Welcome"                 "What this program will make you able to do"
draw a-first-look       0x3d1f5c 0x8a1f5f 294 "A first look, together"  "412 rows, seven minutes, no calculating"
draw missing-values     0x5c2e0b 0xb8860b 330 "Types and nothing"       "Four meanings of an empty cell"
draw select-and-filter  0x0b5c3d 0x2a6f97 349 "Select, filter, sort"    "FROM, WHERE, SELECT, ORDER BY"
draw join-traps         0x5c0b1e 0x6b2fa0 392 "Three traps, seen live"  "The fan, the filter, the nearly-key"
draw comparing-groups   0x12355b 0x7b2d26 440 "Comparing two groups"    "Who, when, what was left out, how many"
draw charts-that-answer 0x1b4332 0x40916c 494 "Charts that answer"      "A chart is a sentence"
