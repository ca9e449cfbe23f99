;; An agent as a plain module, by the canonical ABI of agents/sdk/wit. What stands for MODE is put in by the tests.
(module
  (import "kosmos:agent/host@1.0.0" "log" (func $log (param i32 i32 i32)))
  (import "kosmos:agent/host@1.0.0" "state-get" (func $get (param i32 i32 i32)))
  (import "kosmos:agent/host@1.0.0" "net-fetch" (func $fetch (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 4096))

  (data (i32.const 0) "remark")
  (data (i32.const 16) "{\"text\":\"heard\"}")
  (data (i32.const 48) "{\"text\":")
  (data (i32.const 64) "challenge")
  (data (i32.const 80) "I do not want to.")
  (data (i32.const 112) "http://localhost/")
  (data (i32.const 144) "{\"text\":\"refused\"}")

  (func $more (param $size i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub (i32.add (global.get $free) (local.get $size)) (i32.mul (memory.size) (i32.const 65536))))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq
              (memory.grow (i32.add (i32.div_u (local.get $missing) (i32.const 65536)) (i32.const 1)))
              (i32.const -1))
          (then unreachable)))))

  (func $realloc (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (local $place i32)
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (call $more (local.get $size))
    (local.set $place (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    (local.get $place))

  (func $fail (param $code i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 1))
    (i32.store (i32.const 1028) (local.get $code))
    (i32.store (i32.const 1032) (i32.const 80))
    (i32.store (i32.const 1036) (i32.const 17))
    (i32.const 1024))

  ;; One message of that kind and body.
  (func $say (param $kind i32) (param $kind_size i32) (param $body i32) (param $body_size i32) (result i32)
    (i32.store (i32.const 2048) (local.get $kind))
    (i32.store (i32.const 2052) (local.get $kind_size))
    (i32.store (i32.const 2056) (local.get $body))
    (i32.store (i32.const 2060) (local.get $body_size))
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const 2048))
    (i32.store (i32.const 1032) (i32.const 1))
    (i32.const 1024))

  (func $deeper (param $n i32) (result i32)
    (i32.add (call $deeper (i32.add (local.get $n) (i32.const 1))) (i32.const 1)))

  (func (export "kosmos:agent/guest@1.0.0#initialize")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 f64) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const PROTOCOL))
    (i32.const 1024))

  (func (export "kosmos:agent/guest@1.0.0#handle") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $i i32)
    MODE)

  (func (export "cabi_post_kosmos:agent/guest@1.0.0#handle") (param i32)
    (global.set $free (i32.const 4096))))
