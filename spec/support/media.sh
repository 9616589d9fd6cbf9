#!/bin/sh
# Draws the media of spec/fixtures: a sun that sets over a sea, computed pixel
# by pixel by ffmpeg, so that no picture is anybody's and each is small.

set -eu
cd "$(dirname "$0")/../fixtures"

# colour TOP HORIZON SUN SEA: one channel as an expression. Above the horizon a
# gradient and the glow of the sun; below it the sea and the sun's glitter.
# T is the time in seconds, and everything repeats after 2 s.
colour() {
  horizon='H*.62'
  sun="hypot(X-W/2,Y-H*(.44+.03*sin(PI*T)))"
  sky="$1+($2-$1)*pow(Y/($horizon),1.4)"
  sky="if(lt($sun,H*.12),$3,$sky+($3-($sky))*.7*exp(-($sun-H*.12)/(H*.16)))"
  wave="sin(40*pow(H/(Y-$horizon+H*.1),1.5)+2*sin(X/W*9)-2*PI*T)"
  path="exp(-pow((X-W/2)/(W*.06+(Y-$horizon)*.35),2))"
  sea="$4*(1.25-.7*(Y/H-.62)/.38)+($3-$4)*max(0,.35+.5*$wave)*$path"
  echo "'clip(if(lt(Y,$horizon),$sky,$sea),0,255)'"
}

red=$(colour 28 244 255 52)
green=$(colour 30 138 236 66)
blue=$(colour 92 96 178 110)

# scene WIDTHxHEIGHT RATE SECONDS
scene() {
  echo "color=size=$1:rate=$2:duration=$3,format=gbrp,$paint"
}
paint="geq=r=$red:g=$green:b=$blue"

# the same bytes from the same ffmpeg: no dates, no versions
draw() {
  ffmpeg -nostdin -hide_banner -loglevel error -y -bitexact -threads 1 "$@"
}

palette="split[a][b];[a]palettegen=max_colors=48[p]"
palette="$palette;[b][p]paletteuse=dither=none"
tone=sine=frequency=220:duration=2

draw -f lavfi -i "$(scene 640x400 1 1)" -q:v 4 -pix_fmt yuvj420p \
  -frames:v 1 picture.jpg
draw -f lavfi -i "$(scene 320x200 1 1),format=rgb24" -frames:v 1 picture.png
draw -f lavfi -i "$(scene 320x200 1 1),format=yuv420p" -c:v libwebp \
  -quality 80 -frames:v 1 picture.webp
draw -f lavfi -i "$(scene 160x100 6 2),format=rgb24,$palette" -loop 0 \
  animation.gif
draw -f lavfi -i "$(scene 320x240 25 2)" -f lavfi -i "$tone" \
  -c:v libx264 -preset slow -crf 28 -pix_fmt yuv420p -c:a aac -b:a 32k \
  -movflags +faststart video.mp4
draw -i video.mp4 -c copy video.mov

ls -l picture.* animation.gif video.*
