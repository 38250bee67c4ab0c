import OrderCtl

OrderCtl.main()
