;; Runs of masks, one character after the other: what NumPy can only do in a dozen passes over the text. For kernel.py.
;;
;; strings, lists  text of many masks -> their runs as `MaskTrack` lays them out, checked; and what is known of each mask
;; shared          two tracks laid out -> the pixels that both have
;;
;; Numbers are of 32 bits without sign, least byte first, unless said otherwise. Arguments and results stand at the
;; beginning of the memory; addresses among them come from kernel.py, which gives each part all the room that text of its
;; length can fill. Whatever the text, nothing else is read or written: a mask ends at its fence, or where it is unsound.

(module
  (memory (export "memory") 1)

  ;; strings and lists read masks whose text stands side by side, a fence behind each: compressed strings behind "\n",
  ;; JSON lists of whole numbers, without their first bracket, behind "]". A mask without text is absent: laid out as
  ;; empty. Their arguments and results:
  ;;
  ;;   0   text
  ;;   4   masks, how many they are; at least 1
  ;;   8   of each mask height and pixels
  ;;   12  out, of each mask: runs until its end, from the first mask on; long runs likewise; set pixels; the first column
  ;;       with a set pixel, and that behind the last (0, 0 where there is none)
  ;;   16  out, 16 bits each: the runs, 0 for a long one. Room for a run a character and 3 a mask
  ;;   20  out: the long runs, from 2**16 on. Room for all that the pixels can make
  ;;   56  result: the address behind the last fence. 0 where a mask's runs do not add up to its pixels, where any but the
  ;;       first is empty, where one has more than 6 characters or 9 digits, and where the text is anything else
  ;;   60  result: how many masks have no text

  (func (export "strings")
    (local $text i32)
    (local $masks i32)
    (local $sizes i32)
    (local $short i32)
    (local $long i32)
    (local $left i32)        ;; pixels of the mask without a run yet
    (local $area i32)
    (local $gap i32)         ;; the background run that is still to be laid out, as that is done
    (local $clear i32)       ;; the last run of background, and of set pixels: from the fourth on a run is written as
    (local $set i32)         ;;   what it has more than the one two before
    (local $c i32)           ;; the six bits that a character stands for: five of the run, and whether another follows
    (local $d i32)           ;; those of the next one
    (local $run i32)
    (call $begin)
    (local.set $text (i32.load offset=0 (i32.const 0)))
    (local.set $masks (i32.load offset=4 (i32.const 0)))
    (local.set $sizes (i32.load offset=8 (i32.const 0)))
    (local.set $short (i32.load offset=16 (i32.const 0)))
    (local.set $long (i32.load offset=20 (i32.const 0)))
    (loop $mask
      (local.set $left (i32.load offset=4 (local.get $sizes)))
      (local.set $area (i32.const 0))
      (local.set $clear (i32.const 0))
      (local.set $set (i32.const 0))
      (if (i32.eq (i32.load8_u (local.get $text)) (i32.const 10))
        (then
          (call $absent)
          (local.set $gap (i32.add (local.get $left) (i32.load (local.get $sizes))))
          (local.set $left (i32.const 0)))
        (else
          (call $spelled (local.get $text))  ;; the first run alone may be empty
          (local.set $text)
          (local.set $gap)
          (i32.store offset=52 (i32.const 0) (local.get $gap))
          (if (i32.or (i32.eqz (local.get $text)) (i32.gt_u (local.get $gap) (local.get $left))) (then (return)))
          (local.set $left (i32.sub (local.get $left) (local.get $gap)))
          (local.set $gap (i32.add (local.get $gap) (i32.load (local.get $sizes))))
          (block $end (loop $pair

            (local.set $c (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
            (if (i32.lt_u (local.get $c) (i32.const 32))
              (then
                (local.set $text (i32.add (local.get $text) (i32.const 1)))
                (local.set $run (i32.shr_s (i32.shl (local.get $c) (i32.const 27)) (i32.const 27))))
              (else
                (local.set $d (i32.sub (i32.load8_u offset=1 (local.get $text)) (i32.const 48)))
                (if (i32.and (i32.lt_u (local.get $c) (i32.const 64)) (i32.lt_u (local.get $d) (i32.const 32)))
                  (then
                    (local.set $text (i32.add (local.get $text) (i32.const 2)))
                    (local.set $run (i32.shr_s (i32.shl (i32.or (i32.and (local.get $c) (i32.const 31))
                      (i32.shl (local.get $d) (i32.const 5))) (i32.const 22)) (i32.const 22))))
                  (else
                    (br_if $end (i32.eq (local.get $c) (i32.const -38)))  ;; the fence: the mask ends in background
                    (call $spelled (local.get $text))
                    (local.set $text)
                    (local.set $run)
                    (if (i32.eqz (local.get $text)) (then (return)))))))
            (local.set $set (i32.add (local.get $set) (local.get $run)))
            (if (i32.ge_u (i32.sub (local.get $set) (i32.const 1)) (local.get $left)) (then (return)))
            (local.set $left (i32.sub (local.get $left) (local.get $set)))
            (local.set $area (i32.add (local.get $area) (local.get $set)))

            (if (i32.lt_u (i32.or (local.get $gap) (local.get $set)) (i32.const 65536))
              (then (i32.store (local.get $short)
                (i32.or (local.get $gap) (i32.shl (local.get $set) (i32.const 16)))))
              (else (local.set $long
                (call $lay (local.get $short) (local.get $long) (local.get $gap) (local.get $set)))))
            (local.set $short (i32.add (local.get $short) (i32.const 4)))

            (local.set $c (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
            (if (i32.lt_u (local.get $c) (i32.const 32))
              (then
                (local.set $text (i32.add (local.get $text) (i32.const 1)))
                (local.set $run (i32.shr_s (i32.shl (local.get $c) (i32.const 27)) (i32.const 27))))
              (else
                (local.set $d (i32.sub (i32.load8_u offset=1 (local.get $text)) (i32.const 48)))
                (if (i32.and (i32.lt_u (local.get $c) (i32.const 64)) (i32.lt_u (local.get $d) (i32.const 32)))
                  (then
                    (local.set $text (i32.add (local.get $text) (i32.const 2)))
                    (local.set $run (i32.shr_s (i32.shl (i32.or (i32.and (local.get $c) (i32.const 31))
                      (i32.shl (local.get $d) (i32.const 5))) (i32.const 22)) (i32.const 22))))
                  (else
                    (local.set $gap (i32.const 0))
                    (br_if $end (i32.eq (local.get $c) (i32.const -38)))  ;; it ends in set pixels
                    (call $spelled (local.get $text))
                    (local.set $text)
                    (local.set $run)
                    (if (i32.eqz (local.get $text)) (then (return)))))))
            (local.set $clear (i32.add (local.get $clear) (local.get $run)))
            (if (i32.ge_u (i32.sub (local.get $clear) (i32.const 1)) (local.get $left)) (then (return)))
            (local.set $left (i32.sub (local.get $left) (local.get $clear)))
            (local.set $gap (local.get $clear))
            (br $pair)))))

      (if (local.get $left) (then (return)))
      (local.set $long (call $finish (local.get $sizes) (local.get $short) (local.get $long) (local.get $gap) (local.get $area)))
      (local.set $short (i32.add (local.get $short) (i32.const 4)))
      (local.set $sizes (i32.add (local.get $sizes) (i32.const 8)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (local.set $masks (i32.sub (local.get $masks) (i32.const 1)))
      (br_if $mask (local.get $masks)))
    (i32.store offset=56 (i32.const 0) (local.get $text)))

  ;; One run of a compressed string, of any length: the run, and the address behind it or 0.
  (func $spelled (param $text i32) (result i32 i32)
    (local $run i32)
    (local $bits i32)
    (local $c i32)
    (loop $more
      (local.set $c (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
      (if (i32.or (i32.ge_u (local.get $c) (i32.const 64)) (i32.ge_u (local.get $bits) (i32.const 30)))
        (then (return (i32.const 0) (i32.const 0))))
      (local.set $run (i32.or (local.get $run) (i32.shl (i32.and (local.get $c) (i32.const 31)) (local.get $bits))))
      (local.set $bits (i32.add (local.get $bits) (i32.const 5)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br_if $more (i32.and (local.get $c) (i32.const 32))))
    (local.set $bits (i32.sub (i32.const 32) (local.get $bits)))
    (i32.shr_s (i32.shl (local.get $run) (local.get $bits)) (local.get $bits))
    (local.get $text))

  (func (export "lists")
    (local $text i32)
    (local $masks i32)
    (local $sizes i32)
    (local $short i32)
    (local $long i32)
    (local $left i32)
    (local $area i32)
    (local $gap i32)
    (local $c i32)           ;; a digit, or what another character is more than "0"
    (local $run i32)
    (local $first i32)       ;; where the number begins
    (call $begin)
    (local.set $text (i32.load offset=0 (i32.const 0)))
    (local.set $masks (i32.load offset=4 (i32.const 0)))
    (local.set $sizes (i32.load offset=8 (i32.const 0)))
    (local.set $short (i32.load offset=16 (i32.const 0)))
    (local.set $long (i32.load offset=20 (i32.const 0)))
    (loop $mask
      (local.set $left (i32.load offset=4 (local.get $sizes)))
      (local.set $area (i32.const 0))
      (if (i32.eq (i32.load8_u (local.get $text)) (i32.const 93))
        (then
          (call $absent)
          (local.set $gap (i32.add (local.get $left) (i32.load (local.get $sizes))))
          (local.set $left (i32.const 0)))
        (else
          (local.set $text (call $behind_blanks (local.get $text)))
          (local.set $gap (i32.const 0))
          (if (i32.eq (i32.load8_u (local.get $text)) (i32.const 48))  ;; the first run alone may be empty
            (then (local.set $text (i32.add (local.get $text) (i32.const 1))))
            (else
              (call $number (local.get $text))
              (local.set $text)
              (local.set $gap)
              (if (i32.eqz (local.get $text)) (then (return)))))
          (i32.store offset=52 (i32.const 0) (local.get $gap))
          (if (i32.gt_u (local.get $gap) (local.get $left)) (then (return)))
          (local.set $left (i32.sub (local.get $left) (local.get $gap)))
          (local.set $gap (i32.add (local.get $gap) (i32.load (local.get $sizes))))
          (block $end (loop $pair

            (if (i32.ne (i32.load16_u (local.get $text)) (i32.const 0x202C))  ;; ", ": as most have it
              (then
                (local.set $text (call $behind_blanks (local.get $text)))
                (br_if $end (i32.eq (i32.load8_u (local.get $text)) (i32.const 93)))  ;; the mask ends in background
                (local.set $text (call $behind_comma (local.get $text))))
              (else (local.set $text (i32.add (local.get $text) (i32.const 2)))))
            (local.set $first (local.get $text))
            (local.set $run (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
            (if (i32.ge_u (i32.sub (local.get $run) (i32.const 1)) (i32.const 9))
              (then
                (local.set $text (call $behind_blanks (local.get $text)))
                (local.set $first (local.get $text))
                (local.set $run (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
                (if (i32.ge_u (i32.sub (local.get $run) (i32.const 1)) (i32.const 9)) (then (return)))))
            (block $over (loop $digit
              (local.set $text (i32.add (local.get $text) (i32.const 1)))
              (local.set $c (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
              (br_if $over (i32.ge_u (local.get $c) (i32.const 10)))
              (local.set $run (i32.add (i32.mul (local.get $run) (i32.const 10)) (local.get $c)))
              (br $digit)))
            (if (i32.gt_u (i32.sub (local.get $text) (local.get $first)) (i32.const 9)) (then (return)))
            (if (i32.gt_u (local.get $run) (local.get $left)) (then (return)))
            (local.set $left (i32.sub (local.get $left) (local.get $run)))
            (local.set $area (i32.add (local.get $area) (local.get $run)))

            (if (i32.lt_u (i32.or (local.get $gap) (local.get $run)) (i32.const 65536))
              (then (i32.store (local.get $short)
                (i32.or (local.get $gap) (i32.shl (local.get $run) (i32.const 16)))))
              (else (local.set $long
                (call $lay (local.get $short) (local.get $long) (local.get $gap) (local.get $run)))))
            (local.set $short (i32.add (local.get $short) (i32.const 4)))

            (if (i32.ne (i32.load16_u (local.get $text)) (i32.const 0x202C))
              (then
                (local.set $text (call $behind_blanks (local.get $text)))
                (local.set $gap (i32.const 0))
                (br_if $end (i32.eq (i32.load8_u (local.get $text)) (i32.const 93)))  ;; it ends in set pixels
                (local.set $text (call $behind_comma (local.get $text))))
              (else (local.set $text (i32.add (local.get $text) (i32.const 2)))))
            (local.set $first (local.get $text))
            (local.set $run (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
            (if (i32.ge_u (i32.sub (local.get $run) (i32.const 1)) (i32.const 9))
              (then
                (local.set $text (call $behind_blanks (local.get $text)))
                (local.set $first (local.get $text))
                (local.set $run (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
                (if (i32.ge_u (i32.sub (local.get $run) (i32.const 1)) (i32.const 9)) (then (return)))))
            (block $over (loop $digit
              (local.set $text (i32.add (local.get $text) (i32.const 1)))
              (local.set $c (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
              (br_if $over (i32.ge_u (local.get $c) (i32.const 10)))
              (local.set $run (i32.add (i32.mul (local.get $run) (i32.const 10)) (local.get $c)))
              (br $digit)))
            (if (i32.gt_u (i32.sub (local.get $text) (local.get $first)) (i32.const 9)) (then (return)))
            (if (i32.gt_u (local.get $run) (local.get $left)) (then (return)))
            (local.set $left (i32.sub (local.get $left) (local.get $run)))
            (local.set $gap (local.get $run))
            (br $pair)))))

      (if (local.get $left) (then (return)))
      (local.set $long (call $finish (local.get $sizes) (local.get $short) (local.get $long) (local.get $gap) (local.get $area)))
      (local.set $short (i32.add (local.get $short) (i32.const 4)))
      (local.set $sizes (i32.add (local.get $sizes) (i32.const 8)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (local.set $masks (i32.sub (local.get $masks) (i32.const 1)))
      (br_if $mask (local.get $masks)))
    (i32.store offset=56 (i32.const 0) (local.get $text)))

  ;; One whole number from 1 of at most 9 digits: the number, and the address behind it or 0.
  (func $number (param $text i32) (result i32 i32)
    (local $first i32)
    (local $c i32)
    (local $run i32)
    (local.set $first (local.get $text))
    (block $over (loop $digit
      (local.set $c (i32.sub (i32.load8_u (local.get $text)) (i32.const 48)))
      (br_if $over (i32.ge_u (local.get $c) (i32.const 10)))
      (local.set $run (i32.add (i32.mul (local.get $run) (i32.const 10)) (local.get $c)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br $digit)))
    (local.get $run)
    (select (i32.const 0) (local.get $text)
      (i32.or (i32.eq (i32.load8_u (local.get $first)) (i32.const 48))
        (i32.ge_u (i32.sub (i32.sub (local.get $text) (local.get $first)) (i32.const 1)) (i32.const 9)))))

  ;; The address of the next character that is no blank of JSON.
  (func $behind_blanks (param $text i32) (result i32)
    (local $c i32)
    (loop $blank
      (local.set $c (i32.load8_u (local.get $text)))
      (if (i32.or (i32.or (i32.eq (local.get $c) (i32.const 32)) (i32.eq (local.get $c) (i32.const 10)))
                  (i32.or (i32.eq (local.get $c) (i32.const 9)) (i32.eq (local.get $c) (i32.const 13))))
        (then
          (local.set $text (i32.add (local.get $text) (i32.const 1)))
          (br $blank))))
    (local.get $text))

  ;; The address behind a comma; where there is none, 48, where no number stands.
  (func $behind_comma (param $text i32) (result i32)
    (select (i32.add (local.get $text) (i32.const 1)) (i32.const 48)
      (i32.eq (i32.load8_u (local.get $text)) (i32.const 44))))

  (func $begin
    (i32.store offset=56 (i32.const 0) (i32.const 0))
    (i32.store offset=60 (i32.const 0) (i32.const 0)))

  (func $absent
    (i32.store offset=60 (i32.const 0) (i32.add (i32.load offset=60 (i32.const 0)) (i32.const 1))))

  ;; Lays out a run of background and one of set pixels, of any length; the address behind the last long run.
  (func $lay (param $short i32) (param $long i32) (param $gap i32) (param $set i32) (result i32)
    (if (i32.ge_u (local.get $gap) (i32.const 65536)) (then
      (i32.store (local.get $long) (local.get $gap))
      (local.set $long (i32.add (local.get $long) (i32.const 4)))
      (local.set $gap (i32.const 0))))
    (if (i32.ge_u (local.get $set) (i32.const 65536)) (then
      (i32.store (local.get $long) (local.get $set))
      (local.set $long (i32.add (local.get $long) (i32.const 4)))
      (local.set $set (i32.const 0))))
    (i32.store (local.get $short) (i32.or (local.get $gap) (i32.shl (local.get $set) (i32.const 16))))
    (local.get $long))

  ;; Ends a mask: the background behind it, an empty pixel and the fence; and its record.
  (func $finish (param $sizes i32) (param $short i32) (param $long i32) (param $gap i32) (param $area i32) (result i32)
    (local $record i32)
    (local $height i32)
    (local.set $long (call $lay (local.get $short) (local.get $long)
      (i32.add (local.get $gap) (i32.const 1)) (i32.const 1)))
    (local.set $record (i32.load offset=12 (i32.const 0)))
    (local.set $height (i32.load (local.get $sizes)))
    (i32.store (local.get $record) (i32.add (i32.const 2)
      (i32.shr_u (i32.sub (local.get $short) (i32.load offset=16 (i32.const 0))) (i32.const 1))))
    (i32.store offset=4 (local.get $record)
      (i32.shr_u (i32.sub (local.get $long) (i32.load offset=20 (i32.const 0))) (i32.const 2)))
    (i32.store offset=8 (local.get $record) (local.get $area))
    (i32.store offset=12 (local.get $record) (i32.const 0))
    (i32.store offset=16 (local.get $record) (i32.const 0))
    (if (local.get $area) (then
      (i32.store offset=12 (local.get $record) (i32.div_u (i32.load offset=52 (i32.const 0)) (local.get $height)))
      (i32.store offset=16 (local.get $record) (i32.add (i32.const 1) (i32.div_u
        (i32.sub (i32.sub (i32.load offset=4 (local.get $sizes)) (local.get $gap)) (i32.const 1)) (local.get $height))))))
    (i32.store offset=12 (i32.const 0) (i32.add (local.get $record) (i32.const 20)))
    (local.get $long))

  ;; Pixels that two tracks share, frame by frame. A frame of both has as many pixels, its fence included.
  ;;
  ;; Of each track one stretch of set pixels is looked at. What the two have in common counts; then that which ends first
  ;; gives way to the next of its track. Which one that is nobody can guess, so there is no branch on it.
  ;;
  ;;   0 to 28  of each track: its runs and long runs, as `read` gives them; where each frame begins among them (2)
  ;;   32       no more than so many pixels are shared in each frame; where that is 0, nobody looks
  ;;   36       frames
  ;;   40       64 bits, signed: so many pixels fewer than those may be shared. As soon as it is more, the result is 0
  ;;   56       out, 64 bits
  (func (export "shared")
    (local $frame i32)       ;; its number, times 4
    (local $frames i32)
    (local $most i32)
    (local $a i32)           ;; the next background run, then the next set run, of the first track
    (local $a_long i32)
    (local $a_begin i32)     ;; the stretch that is looked at
    (local $a_end i32)
    (local $b i32)
    (local $b_long i32)
    (local $b_begin i32)
    (local $b_end i32)
    (local $steps i32)       ;; stretches before the fence, of both
    (local $here i32)        ;; pixels shared in this frame
    (local $spare i64)
    (local $sum i64)
    (local $of_a i32)        ;; whether that of the first track ends first
    (local $runs i32)        ;; two runs of 16 bits
    (local $clear i32)
    (local $set i32)
    (local $at i32)
    (local $end i32)
    (i64.store offset=56 (i32.const 0) (i64.const 0))
    (local.set $frames (i32.shl (i32.load offset=36 (i32.const 0)) (i32.const 2)))
    (local.set $spare (i64.load offset=40 (i32.const 0)))
    (loop $next
      (if (i32.ge_u (local.get $frame) (local.get $frames)) (then
        (i64.store offset=56 (i32.const 0) (local.get $sum))
        (return)))
      (local.set $most (i32.load (i32.add (i32.load offset=32 (i32.const 0)) (local.get $frame))))
      (if (local.get $most) (then
        (local.set $at (i32.add (i32.load offset=8 (i32.const 0)) (local.get $frame)))
        (local.set $a (i32.add (i32.load offset=0 (i32.const 0)) (i32.shl (i32.load (local.get $at)) (i32.const 1))))
        (local.set $steps (i32.sub (i32.load offset=4 (local.get $at)) (i32.load (local.get $at))))
        (local.set $a_long (i32.add (i32.load offset=4 (i32.const 0)) (i32.shl
          (i32.load (i32.add (i32.load offset=12 (i32.const 0)) (local.get $frame))) (i32.const 2))))
        (local.set $at (i32.add (i32.load offset=24 (i32.const 0)) (local.get $frame)))
        (local.set $b (i32.add (i32.load offset=16 (i32.const 0)) (i32.shl (i32.load (local.get $at)) (i32.const 1))))
        (local.set $steps (i32.add (local.get $steps)
          (i32.sub (i32.load offset=4 (local.get $at)) (i32.load (local.get $at)))))
        (local.set $b_long (i32.add (i32.load offset=20 (i32.const 0)) (i32.shl
          (i32.load (i32.add (i32.load offset=28 (i32.const 0)) (local.get $frame))) (i32.const 2))))
        (local.set $steps (i32.shr_u (local.get $steps) (i32.const 1)))
        (local.set $here (i32.const 0))
        (local.set $a_begin (i32.const 0))
        (local.set $a_end (i32.const 0))
        (local.set $b_begin (i32.const 0))
        (local.set $b_end (i32.const 0))
        (loop $step
          (local.set $of_a (i32.le_u (local.get $a_end) (local.get $b_end)))
          (local.set $end (select (local.get $a_end) (local.get $b_end) (local.get $of_a)))
          (local.set $clear (select (local.get $a_begin) (local.get $b_begin)
            (i32.gt_u (local.get $a_begin) (local.get $b_begin))))  ;; where what they have in common begins
          (local.set $here (i32.add (local.get $here) (select (i32.sub (local.get $end) (local.get $clear)) (i32.const 0)
            (i32.gt_u (local.get $end) (local.get $clear)))))

          (local.set $runs (i32.load (select (local.get $a) (local.get $b) (local.get $of_a))))
          (local.set $clear (i32.and (local.get $runs) (i32.const 0xFFFF)))
          (local.set $set (i32.shr_u (local.get $runs) (i32.const 16)))
          (if (i32.and (i32.and (i32.sub (local.get $runs) (i32.const 0x10001))
              (i32.xor (local.get $runs) (i32.const -1))) (i32.const 0x80008000)) (then  ;; either is 0
            (local.set $at (select (local.get $a_long) (local.get $b_long) (local.get $of_a)))
            (if (i32.eqz (local.get $clear)) (then
              (local.set $clear (i32.load (local.get $at)))
              (local.set $at (i32.add (local.get $at) (i32.const 4)))))
            (if (i32.eqz (local.get $set)) (then
              (local.set $set (i32.load (local.get $at)))
              (local.set $at (i32.add (local.get $at) (i32.const 4)))))
            (if (local.get $of_a) (then (local.set $a_long (local.get $at)))
              (else (local.set $b_long (local.get $at))))))
          (local.set $at (i32.add (local.get $end) (local.get $clear)))
          (local.set $end (i32.add (local.get $at) (local.get $set)))
          (local.set $a_begin (select (local.get $at) (local.get $a_begin) (local.get $of_a)))
          (local.set $a_end (select (local.get $end) (local.get $a_end) (local.get $of_a)))
          (local.set $b_begin (select (local.get $b_begin) (local.get $at) (local.get $of_a)))
          (local.set $b_end (select (local.get $b_end) (local.get $end) (local.get $of_a)))
          (local.set $a (i32.add (local.get $a) (i32.shl (local.get $of_a) (i32.const 2))))
          (local.set $b (i32.add (local.get $b) (i32.shl (i32.eqz (local.get $of_a)) (i32.const 2))))
          (br_if $step (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))))

        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $here))))
        (local.set $spare (i64.sub (local.get $spare)
          (i64.extend_i32_s (i32.sub (local.get $most) (local.get $here)))))
        (if (i64.lt_s (local.get $spare) (i64.const 0)) (then (return)))))
      (local.set $frame (i32.add (local.get $frame) (i32.const 4)))
      (br $next)))
)
